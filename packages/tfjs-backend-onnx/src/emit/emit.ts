import {
  constantNumbers,
  type ElementType,
  type Graph,
  type InputSource,
  type Numbers,
  numbersText,
  topological,
  type Value,
} from '../ir/graph.js';
import { numbersOf } from '../ir/ops.js';
import {
  type AttributeMessage,
  encodeModel,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './schema.js';
import { floatAttributes, staticInputs } from './static-inputs.js';

/** Operator set of the emitted models: the oldest in which every reduction takes its axes as input. */
export const OPSET = 18;
const IR_VERSION = 9;

/** ONNX TensorProto.DataType. */
const dataTypes: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 };

/** A type of ONNX that has no array class in JavaScript. */
const BFLOAT16 = 16;
const STOP = 'stop';

export interface EmittedInput {
  name: string;
  source: InputSource;
  shape: readonly number[];
  type: ElementType;
}

export interface EmittedModel {
  bytes: Uint8Array;
  inputs: EmittedInput[];
  /** One name per graph output, in order; values that coincide share a name. */
  outputs: string[];
  /** Name of an output in front of these, of a type that JavaScript does not have. */
  stop: string | undefined;
  /** Per node, the tfjs kernel that it was recorded for, its operator and the shape of its result. */
  nodes: { kernel: string; operator: string; shape: string }[];
}

export interface EmitOptions {
  /** Names for inputs and outputs instead of generated ones. Inputs are declared in the order of this map. */
  inputNames?: ReadonlyMap<InputSource, string>;
  outputNames?: readonly string[];
  /** From this output on, each has memory of its own even where values coincide (the state of compiled functions). */
  distinctFrom?: number;
  /** Declares an output in front of the others, of a type that JavaScript does not have: see run/uncopied.ts. */
  stop?: boolean;
  /** Names for constants instead of generated ones. */
  constantNames?: ReadonlyMap<Value, string>;
  /** Dimensions to declare for inputs and outputs, by position; names stand for sizes that vary. */
  inputDims?: ReadonlyMap<InputSource, readonly (number | string)[]>;
  outputDims?: readonly (readonly (number | string)[])[];
  /** Starts every generated name, so that none is one of the given names. */
  prefix?: string;
  producer?: string;
}

/** Writes a lowered graph as an ONNX model. */
export function emit(
  graph: Graph,
  {
    inputNames,
    outputNames,
    distinctFrom = Number.POSITIVE_INFINITY,
    stop = false,
    constantNames,
    inputDims,
    outputDims,
    prefix = '',
    producer = 'tfjs-backend-onnx',
  }: EmitOptions = {},
): EmittedModel {
  const names = new Map<Value, string>();
  const nodes: NodeMessage[] = [];
  const initializers = new Map<string, TensorMessage>();
  const inputs: EmittedInput[] = [];
  const described: EmittedModel['nodes'] = [];
  const domains = new Set<string>();

  const initializer = (
    numbers: Numbers,
    dims: readonly number[],
    type: ElementType,
    key: string,
    name = `${prefix}c${initializers.size}`,
  ): string => {
    const earlier = initializers.get(key);
    if (earlier !== undefined) return earlier.name;
    const rawData = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    initializers.set(key, { name, dims: dims.slice(), dataType: dataTypes[type], rawData });
    return name;
  };

  const order = topological(graph.outputs);
  for (const node of order) {
    if (node.op === 'Input') {
      const value = node.outputs[0]!;
      const source = node.source as InputSource;
      const name = inputNames?.get(source) ?? `${prefix}i${inputs.length}`;
      names.set(value, name);
      inputs.push({ name, source, shape: value.shape, type: value.type });
      continue;
    }
    if (node.op === 'Constant') {
      const value = node.outputs[0]!;
      const own = constantNames?.get(value);
      const key = own === undefined ? `v${node.signature}` : `named ${own}`;
      names.set(value, initializer(constantNumbers(value), value.shape, value.type, key, own));
      continue;
    }
    const input = node.inputs.map((value) => (value === undefined ? '' : names.get(value)!));
    const attribute: AttributeMessage[] = [];
    const statics = staticInputs[node.op];
    for (const { attribute: name, type, scalar } of (node.domain === '' && statics) || []) {
      const parameter = node.attrs[name];
      if (parameter === undefined) {
        input.push('');
        continue;
      }
      const elementType = type === 'same' ? node.inputs[0]!.type : type;
      const values = typeof parameter === 'number' ? [parameter] : (parameter as readonly number[]);
      const dims = scalar ? [] : [values.length];
      input.push(
        initializer(
          numbersOf(values, elementType),
          dims,
          elementType,
          `${elementType}[${dims.join()}]${numbersText(values)}`,
        ),
      );
    }
    while (input.length > 0 && input[input.length - 1] === '') input.pop();
    for (const [name, value] of Object.entries(node.attrs)) {
      if (value === undefined || (node.domain === '' && statics?.some((s) => s.attribute === name))) continue;
      attribute.push(attributeMessage(name, value));
    }
    const output = node.outputs.map((value) => {
      const name = `${prefix}t${names.size}`;
      names.set(value, name);
      return name;
    });
    domains.add(node.domain);
    described.push({ kernel: node.origin, operator: node.op, shape: node.outputs[0]!.shape.join('x') });
    nodes.push({ name: `n${nodes.length}_${node.op}`, opType: node.op, domain: node.domain, input, output, attribute });
  }

  if (inputNames !== undefined) {
    const place = new Map([...inputNames.keys()].map((source, i) => [source, i]));
    inputs.sort((a, b) => (place.get(a.source) ?? 0) - (place.get(b.source) ?? 0));
  }

  // ONNX Runtime 1.30 puts transposes into the Gemm that reads them; where it finds two, it loses one that is an output.
  const swallowed = new Set(order.flatMap(({ op, inputs: read }) => (op === 'Gemm' ? read : [])));
  // Outputs that are inputs or constants, or that need a name of their own, get an Identity.
  const outputs: string[] = [];
  const declared = new Map<string, { value: Value; dims: readonly (number | string)[] }>();
  graph.outputs.forEach((value, i) => {
    let name = names.get(value)!;
    const wanted = outputNames?.[i];
    const taken = declared.has(name) && i >= distinctFrom;
    const lost = value.node.op === 'Transpose' && swallowed.has(value);
    if (taken || lost || wanted !== undefined || value.node.op === 'Input' || value.node.op === 'Constant') {
      const own = wanted ?? `${prefix}o${i}`;
      nodes.push({ name: `out_${own}`, opType: 'Identity', domain: '', input: [name], output: [own], attribute: [] });
      name = own;
    }
    outputs.push(name);
    declared.set(name, { value, dims: outputDims?.[i] ?? value.shape });
  });

  const infoOf = (name: string, dims: readonly (number | string)[], elemType: number): ValueInfoMessage => ({
    name,
    type: {
      tensorType: {
        elemType,
        shape: {
          dim: dims.map((dim) => (typeof dim === 'string' ? { dimParam: dim } : { dimValue: dim })),
        },
      },
    },
  });

  const info = (name: string, dims: readonly (number | string)[], type: ElementType) =>
    infoOf(name, dims, dataTypes[type]);
  if (stop) initializers.set(STOP, { name: STOP, dims: [], dataType: BFLOAT16, rawData: new Uint8Array(2) });

  const opsetImport = [{ domain: '', version: OPSET }];
  for (const domain of domains) if (domain !== '') opsetImport.push({ domain, version: 1 });
  const bytes = encodeModel({
    irVersion: IR_VERSION,
    producerName: producer,
    opsetImport,
    graph: {
      name: 'graph',
      node: nodes,
      initializer: [...initializers.values()],
      input: inputs.map(({ name, source, shape, type }) => info(name, inputDims?.get(source) ?? shape, type)),
      output: [
        ...(stop ? [infoOf(STOP, [], BFLOAT16)] : []),
        ...[...declared].map(([name, { value, dims }]) => info(name, dims, value.type)),
      ],
    },
  });
  return { bytes, inputs, outputs, stop: stop ? STOP : undefined, nodes: described };
}

/** ONNX AttributeProto.AttributeType. */
const FLOAT = 1;
const INT = 2;
const STRING = 3;
const FLOATS = 6;
const INTS = 7;

function attributeMessage(name: string, value: number | string | boolean | readonly number[]): AttributeMessage {
  if (name === 'to') return { name, type: INT, i: dataTypes[value as ElementType] };
  if (typeof value === 'string') return { name, type: STRING, s: new TextEncoder().encode(value) };
  if (typeof value === 'boolean') return { name, type: INT, i: value ? 1 : 0 };
  const float = floatAttributes.has(name);
  if (typeof value === 'number') return float ? { name, type: FLOAT, f: value } : { name, type: INT, i: value };
  return float ? { name, type: FLOATS, floats: value.slice() } : { name, type: INTS, ints: value.slice() };
}
