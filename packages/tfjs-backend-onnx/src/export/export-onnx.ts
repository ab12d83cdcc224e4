import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { activeRecordingBackend } from '../active-backend.js';
import { flatten, type Structure } from '../compile/container.js';
import { type Traced, traceFunction } from '../compile/program.js';
import { ArgumentSource, FillSource, StateSource } from '../compile/sources.js';
import { differingConstant } from '../compile/trace.js';
import { emit } from '../emit/emit.js';
import { assertFunction, describeGiven } from '../function-argument.js';
import {
  constantNumbers,
  type ElementType,
  type Graph,
  type InputSource,
  inputValue,
  type Numbers,
  topological,
  type Value,
} from '../ir/graph.js';
import { anyBatch, fixedBatch } from './any-batch.js';
import { type Extent, extentName } from './extent.js';
import { materialise } from './materialise.js';
import { assertNames, chosenNames, defaultNames } from './names.js';

export interface ExportOptions {
  /** Leave the first dimension of the inputs open: of all, or of the inputs named here. */
  dynamicBatch?: boolean | readonly string[];
  /** Names of the input tensors. Default: keys of objects, `input` for a single tensor, `input_0`, `input_1` ... */
  inputNames?: readonly string[];
  /** Names of the output tensors. Default: keys of objects, `output` for a single tensor, `output_0`, `output_1` ... */
  outputNames?: readonly string[];
  /** Written into the file. */
  producer?: string;
}

/** An ONNX file and what a program that trains with it needs to know. */
export interface ExportedGraph {
  bytes: Uint8Array;
  inputs: string[];
  outputs: string[];
  /** Variables that the function assigns: the file takes their values as inputs and returns the next ones as outputs. */
  states: { variable: Variable; input: string; output: string }[];
  /** Inputs that the host computes for each run (`hostInput`), in the order in which the function makes them. */
  hostInputs: string[];
}

type Func = (...args: unknown[]) => unknown;

/**
 * Writes a function of tensors as an ONNX file, operator set 18, standard operators only. Variables that it reads
 * become initialisers; variables that it assigns (a training step) become inputs `name` and outputs `name/next`;
 * host inputs become inputs `host_0`, `host_1` ...
 *
 * @param fn synchronous; the same rules as in `compile`. A function that creates variables at its first call (optimiser
 * slots, lazily built layers) must have been called once.
 * @param inputs the arguments; their numbers do not matter, their shapes and types do.
 * @param options `dynamicBatch` leaves the first dimension of inputs open (`batch`); names of inputs and outputs.
 * @returns the bytes of the file.
 * @throws when the function cannot be compiled, when a kernel has no ONNX form, or when `dynamicBatch` is asked of a
 * function that has the batch size in a place where ONNX takes no variable size; the message names the kernel.
 *
 * @example
 * const bytes = exportOnnx((image: tf.Tensor4D) => model.predict(image), [tf.zeros([1, 28, 28, 1])], {
 *   dynamicBatch: true,
 *   inputNames: ['image'],
 *   outputNames: ['probabilities'],
 * });
 */
export function exportOnnx<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  inputs: A,
  options: ExportOptions = {},
): Uint8Array {
  return exportGraph(fn, inputs, options).bytes;
}

/**
 * Like `exportOnnx`, with the names of everything that the file takes and returns: for training steps.
 *
 * @throws as `exportOnnx` does.
 */
export function exportGraph<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  inputs: A,
  { dynamicBatch = false, inputNames, outputNames, producer }: ExportOptions = {},
): ExportedGraph {
  assertFunction('exportOnnx', fn);
  assertList(inputs);
  const backend = activeRecordingBackend('exportOnnx');
  const args = inputs.slice();
  const { tensors, structure } = flatten(args, { caller: 'exportOnnx' });
  const names = chosenNames(inputNames, defaultInputNames(structure), 'inputNames');
  const open = openInputs(dynamicBatch, names, tensors);
  const trace = (batch?: number): Traced => {
    const shapes = tensors.map(({ shape }, i) =>
      batch !== undefined && open.has(i) ? [batch, ...shape.slice(1)] : shape,
    );
    // What is computed at once would be written down for one batch size.
    const folds = batch === undefined;
    return traceFunction(backend, fn as unknown as Func, args, { caller: 'exportOnnx', shapes, folds });
  };
  const plain = trace();
  assertUnfrozen(plain, trace());

  const {
    graph,
    traced,
    inputs: inputExtents,
    outputs: outputExtents,
  } = open.size === 0
    ? fixedBatch(plain)
    : anyBatch({
        trace,
        unit: [...open.values()][0]!,
        isOpen: ({ index }) => open.has(index),
        openInput: (batch) => openInput([...open.keys()][0]!, tensors, batch),
      });
  const { states, fills } = traced;
  const numbersOf = (variable: Variable) => backend.tensors.numbers(backend.tensors.of(variable.dataId)) as Numbers;
  const whole = materialise(graph, numbersOf, (variable) => states.includes(variable));
  assertExpressible(whole.graph);

  const named = nameInputs(whole.graph, names, fills);
  const results = chosenNames(outputNames, defaultNames(traced.structure, 'output'), 'outputNames');
  const nextNames = states.map(({ name }) => `${name}/next`);
  assertNames([...named.values(), ...results, ...nextNames, ...whole.names.values()]);
  const dims = (extents: readonly Extent[]) => extents.map(extentName);
  const { bytes } = emit(whole.graph, {
    inputNames: named,
    inputDims: new Map([...(inputExtents ?? [])].map(([source, extents]) => [source, dims(extents)])),
    outputNames: [...results, ...nextNames],
    outputDims: outputExtents?.map(dims),
    constantNames: whole.names,
    prefix: '/',
    producer,
  });
  const used = new Set(named.values());
  return {
    bytes,
    inputs: names.filter((name) => used.has(name)),
    outputs: results,
    states: states.map((variable, i) => ({ variable, input: variable.name, output: nextNames[i]! })),
    hostInputs: [...named].filter(([source]) => source instanceof FillSource).map(([, name]) => name),
  };
}

function assertList(inputs: unknown): void {
  if (Array.isArray(inputs)) return;
  throw new Error(
    `exportOnnx: inputs must be a list with one item per argument of fn, got ${describeGiven(inputs)}; write exportOnnx(fn, [x])`,
  );
}

/** The names of arguments: a list of them is no container of its own when there is only one. */
function defaultInputNames(structure: Structure): string[] {
  const alone = structure.kind === 'list' && structure.items.length === 1 ? structure.items[0]! : structure;
  return defaultNames(alone, 'input');
}

/** Inputs whose first dimension stays open, with its size. */
function openInputs(
  dynamicBatch: boolean | readonly string[],
  names: readonly string[],
  tensors: readonly Tensor[],
): Map<number, number> {
  const open = new Map<number, number>();
  if (dynamicBatch === false) return open;
  if (dynamicBatch !== true) {
    const unknown = dynamicBatch.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new Error(`exportOnnx: dynamicBatch must name inputs (${names.join(', ')}), got '${unknown}'`);
  }
  tensors.forEach(({ shape, rank }, i) => {
    if (dynamicBatch === true ? rank > 0 : dynamicBatch.includes(names[i]!)) open.set(i, shape[0] ?? 0);
  });
  const sizes = new Set(open.values());
  if (sizes.size > 1 || sizes.has(0)) {
    const shapes = [...open.keys()].map((i) => `${names[i]} [${tensors[i]!.shape}]`).join(', ');
    throw new Error(
      `exportOnnx: inputs with an open batch dimension must have the same first dimension, at least 1, got ${shapes}; name those that have it: dynamicBatch: ['${names[0]}']`,
    );
  }
  return open;
}

/** One of the arguments, for a function that reads no number of any. */
function openInput(index: number, tensors: readonly Tensor[], batch: number): Value {
  const { shape, dtype } = tensors[index]!;
  return inputValue(new ArgumentSource(index), [batch, ...shape.slice(1)], dtype as ElementType);
}

function assertUnfrozen(first: Traced, second: Traced): void {
  const constant = differingConstant(first.trace.written, second.trace.written);
  if (constant === undefined) return;
  throw new Error(
    `exportOnnx: the function creates ${constant} with other numbers each time it is called; in a file they would be frozen. Random numbers and changing JavaScript numbers must come in as arguments, as variables, or through hostInput`,
  );
}

/** The largest message that protobuf allows. */
const MAX_BYTES = 2 ** 31 - 1;

function assertExpressible(graph: Graph): void {
  let bytes = 0;
  for (const node of topological(graph.outputs)) {
    if (node.domain !== '') throw new Error(`internal: exportOnnx: operator ${node.domain}.${node.op} is not standard`);
    if (node.op === 'Constant') bytes += constantNumbers(node.outputs[0]!).byteLength;
  }
  if (bytes >= MAX_BYTES)
    throw new Error(`exportOnnx: weights must take less than 2 GiB in one ONNX file, got ${bytes} bytes; export parts`);
}

/** Names of the graph's inputs: arguments first, then variables, then host inputs. */
function nameInputs(graph: Graph, names: readonly string[], fills: readonly FillSource[]): Map<InputSource, string> {
  const sources = new Set<InputSource>();
  for (const node of topological(graph.outputs)) if (node.op === 'Input') sources.add(node.source as InputSource);
  const named = new Map<InputSource, string>();
  const list = [...sources];
  const args = list.filter((source) => source instanceof ArgumentSource);
  for (const source of args.sort((a, b) => a.index - b.index)) named.set(source, names[source.index]!);
  for (const source of list) if (source instanceof StateSource) named.set(source, source.variable.name);
  fills.forEach((source, i) => {
    if (sources.has(source)) named.set(source, `host_${i}`);
  });
  return named;
}
