import {
  constantNumbers,
  constantValue,
  type Graph,
  isConstant,
  type Node,
  sameShape,
  sizeOf,
  type Value,
  withInputs,
} from '../ir/graph.js';
import { add, reshape } from '../ir/ops.js';
import { countUses, rewrite } from './rewrite.js';

/** Numbers up to which a constant is computed of others: more than any layer has channels. */
const MOST_NUMBERS = 2 ** 16;

/**
 * Where weights are constants of the graph: computes what depends on small ones alone, and puts a scale and a shift per
 * channel behind a convolution or a product into its weights. Batch normalisation at inference costs nothing then.
 */
export function foldConstants(graph: Graph): Graph {
  const uses = countUses(graph);
  const originals = new Map<Value, Value>();
  /** Values inside of what this pass wrote: nothing else reads them. */
  const inner = new Set<Value>();
  const once = (value: Value): boolean => inner.has(value) || uses.get(originals.get(value) ?? value) === 1;

  /** The product under a sum with a constant and under reshapes that keep its channels, where nothing else reads it. */
  const scaled = (value: Value): Scaled | undefined => {
    const channels = value.shape[value.shape.length - 1];
    let base = value;
    let shift: Float32Array | undefined;
    for (;;) {
      if (!once(base) || base.shape[base.shape.length - 1] !== channels) return undefined;
      const { op, inputs } = base.node;
      if (op === 'Reshape') base = inputs[0]!;
      else if (op === 'Add' && shift === undefined) {
        const [x, c] = isConstant(inputs[0]!) ? [inputs[1]!, inputs[0]!] : [inputs[0]!, inputs[1]!];
        shift = perChannel(c, x, base);
        if (shift === undefined) return undefined;
        base = x;
      } else return isProduct(base.node) ? { product: base, shift } : undefined;
    }
  };

  const folded = ({ op, outputs }: Node, inputs: readonly (Value | undefined)[]): Value | undefined => {
    if (!(op in combine)) return undefined;
    const isFirst = isConstant(inputs[0]!);
    if (isFirst && op !== 'Add' && op !== 'Mul') return undefined;
    const [x, c] = isFirst ? [inputs[1]!, inputs[0]!] : [inputs[0]!, inputs[1]!];
    const numbers = perChannel(c, x, outputs[0]!);
    if (numbers === undefined || x.type !== 'float32') return undefined;
    const base = scaled(x);
    if (base === undefined) return undefined;
    const { product, shift } = base;
    const apply = combine[op as keyof typeof combine];
    const isScale = op === 'Mul' || op === 'Div';
    if (op === 'Add' && shift === undefined) return undefined;
    const weights = isScale ? rescaled(product, (weight, i) => apply(weight, numbers[i]!)) : product;
    const sum = isScale && shift === undefined ? undefined : numbers.map((number, i) => apply(shift?.[i] ?? 0, number));
    inner.add(weights);
    const plain = reshape(weights, x.shape);
    inner.add(plain);
    return sum === undefined ? plain : add(plain, constantValue(sum, [sum.length], 'float32'));
  };

  return rewrite(graph, (node, inputs) => {
    node.inputs.forEach((value, i) => {
      if (value !== undefined && value !== inputs[i]) originals.set(inputs[i]!, value);
    });
    if (node.domain !== '') return undefined;
    const result = computed(node, inputs) ?? folded(node, inputs);
    return result === undefined ? undefined : [result];
  });
}

/** A product, and what is added to each of its channels. */
interface Scaled {
  product: Value;
  shift: Float32Array | undefined;
}

const combine = {
  Add: (a: number, b: number) => a + b,
  Sub: (a: number, b: number) => a - b,
  Mul: (a: number, b: number) => a * b,
  Div: (a: number, b: number) => a / b,
} as const;

const functions: Readonly<Record<string, (x: number) => number>> = {
  Sqrt: Math.sqrt,
  Reciprocal: (x) => 1 / x,
  Neg: (x) => -x,
};

/** What a node computes of constants. */
function computed({ op, outputs }: Node, inputs: readonly (Value | undefined)[]): Value | undefined {
  const [{ shape, type }] = outputs as [Value];
  const size = sizeOf(shape);
  if (type !== 'float32' || outputs.length !== 1 || size > MOST_NUMBERS || inputs.length === 0) return undefined;
  if (!inputs.every((input) => input !== undefined && isConstant(input) && input.type === 'float32')) return undefined;
  const [a, b] = inputs.map((input) => constantNumbers(input!) as Float32Array);
  if (op === 'Reshape') return constantValue(a!, shape, type);
  if (op in functions) return constantValue(a!.map(functions[op]!), shape, type);
  if (!(op in combine) || ![a!, b!].every(({ length }) => length === 1 || length === size)) return undefined;
  const apply = combine[op as keyof typeof combine];
  const at = (numbers: Float32Array, i: number) => numbers[numbers.length === 1 ? 0 : i]!;
  return constantValue(
    Float32Array.from({ length: size }, (_, i) => apply(at(a!, i), at(b!, i))),
    shape,
    type,
  );
}

/** A constant as one number per channel of `x`, where that is what it is and the result has the shape of `x`. */
function perChannel(constant: Value, x: Value, result: Value): Float32Array | undefined {
  const channels = x.shape[x.shape.length - 1];
  if (!isConstant(constant) || constant.type !== 'float32' || channels === undefined) return undefined;
  if (!sameShape(x.shape, result.shape)) return undefined;
  const numbers = constantNumbers(constant) as Float32Array;
  if (numbers.length === 1) return new Float32Array(channels).fill(numbers[0]!);
  return numbers.length === channels && constant.shape[constant.shape.length - 1] === channels ? numbers : undefined;
}

/** Products whose constant weights have the channels of the result last. */
function isProduct({ op, domain, inputs, attrs }: Node): boolean {
  const weights = inputs[1];
  if (domain !== 'crossmodal' || weights === undefined || !isConstant(weights)) return false;
  if (op === 'MatMul') return !attrs['transB'] && sizeOf(weights.shape.slice(0, -2)) === 1;
  return op === 'Conv' || op === 'DepthwiseConv';
}

let made = 0;

/** A product with other weights. */
function rescaled({ node, shape }: Value, f: (weight: number, channel: number) => number): Value {
  const weights = node.inputs[1]!;
  const channels = shape[shape.length - 1]!;
  const numbers = (constantNumbers(weights) as Float32Array).map((weight, i) => f(weight, i % channels));
  const constant = constantValue(numbers, weights.shape, 'float32', `#folded${made++}`);
  return withInputs(node, [node.inputs[0], constant]).outputs[0]!;
}
