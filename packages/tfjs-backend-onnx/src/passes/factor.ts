import { type Graph, type Node, sameShape, scalarOf, sizeOf, type Value } from '../ir/graph.js';
import { add, div, mul, reduce, reshape, unary } from '../ir/ops.js';
import { broadcastShapes } from '../ir/shapes.js';
import { consumersOf, rewrite } from './rewrite.js';

/**
 * Takes small factors (a scalar, one number per channel or per row) out of large products, so that they meet: two small
 * factors are multiplied with each other before they are multiplied with something large, and a sum over axes along
 * which the factor stays the same is computed without it. Gradients of normalisations and optimisers, as tfjs writes
 * them, pass over memory up to twice as often as needed.
 *
 *   (x p) q = x (p q)    (x p) y = (x y) p    (x p) / y = (x / y) p    sum(x p) = sum(x) p
 *   x / (sqrt(v / s) + e) = sqrt(s) x / (sqrt(v) + e sqrt(s))    for scalars s and e
 *
 * Results differ by rounding, and where factors are infinite.
 */
export function factor(graph: Graph): Graph {
  const consumers = consumersOf(graph);
  /** Rewritten products as something large times something small. */
  const forms = new Map<Value, Form>();

  const formOf = (original: Value, value: Value, always: boolean): Form => {
    const form = forms.get(value);
    if (form === undefined) return { base: value, small: undefined };
    return always || absorbed(original, form.small!, consumers) ? form : { base: value, small: undefined };
  };
  const remember = (result: Value, form: Form): readonly Value[] => {
    forms.set(result, form);
    return [result];
  };

  return rewrite(graph, (node, inputs) => {
    const output = node.outputs[0]!;
    if (output.type !== 'float32' || node.domain !== '') return undefined;
    if (node.op === 'Mul') {
      const other = (i: 0 | 1) => isSmall(inputs[1 - i]!, output.shape);
      const taken = ([0, 1] as const).map((i) => formOf(node.inputs[i]!, inputs[i]!, other(i)));
      // Where the small factors of both sides make something large, each stays where it is.
      const form =
        productOf(taken, output.shape) ??
        productOf(
          inputs.map((base) => ({ base: base!, small: undefined })),
          output.shape,
        );
      return form && remember(mul(form.base, form.small!), form);
    }
    if (node.op === 'Div') {
      const [a, b] = inputs as [Value, Value];
      if (isSmall(b, output.shape)) {
        const numerator = formOf(node.inputs[0]!, a, true);
        if (!sameShape(numerator.base.shape, output.shape)) return undefined;
        if (numerator.small !== undefined) {
          const small = div(numerator.small, b);
          if (!isSmall(small, output.shape)) return undefined;
          return remember(mul(numerator.base, small), { base: numerator.base, small });
        }
        return remember(div(a, b), { base: a, small: unary('Reciprocal', b) });
      }
      const numerator = formOf(node.inputs[0]!, a, false);
      const root = scaledRoot(b);
      if (numerator.small === undefined && root === undefined) return undefined;
      if (!sameShape(numerator.base.shape, output.shape)) return undefined;
      const base = div(numerator.base, root?.rest ?? b);
      const small = times(numerator.small, root?.scale)!;
      if (!sameShape(base.shape, output.shape)) return undefined;
      return remember(mul(base, small), { base, small });
    }
    if (node.op === 'ReduceSum' || node.op === 'ReduceMean') {
      const { base, small } = formOf(node.inputs[0]!, inputs[0]!, true);
      const axes = node.attrs['axes'] as readonly number[];
      if (small === undefined || !isConstantAlong(small, base.shape, axes)) return undefined;
      const sum = reduce(node.op, base, axes, true);
      return [reshape(mul(sum, small), output.shape)];
    }
    return undefined;
  });
}

interface Form {
  base: Value;
  small: Value | undefined;
}

/** A product of two as one large factor and one small one, if it has both. */
function productOf(parts: readonly Form[], shape: readonly number[]): Form | undefined {
  const large: Value[] = [];
  let small: Value | undefined;
  for (const { base, small: own } of parts) {
    if (isSmall(base, shape)) small = times(small, base);
    else large.push(base);
    small = times(small, own);
  }
  if (small === undefined || large.length === 0) return undefined;
  const base = large.length === 1 ? large[0]! : mul(large[0]!, large[1]!);
  const fits = sameShape(base.shape, shape) && sameShape(broadcastShapes(base.shape, small.shape), shape);
  return fits && isSmall(small, shape) ? { base, small } : undefined;
}

const times = (a: Value | undefined, b: Value | undefined): Value | undefined =>
  a === undefined ? b : b === undefined ? a : mul(a, b);

/** A quarter of the result or less, and broadcast to it. */
function isSmall(value: Value, shape: readonly number[]): boolean {
  return sizeOf(value.shape) * 4 <= sizeOf(shape) && value.shape.length <= shape.length;
}

function isConstantAlong(small: Value, shape: readonly number[], axes: readonly number[]): boolean {
  const offset = shape.length - small.shape.length;
  return axes.every((axis) => axis < offset || small.shape[axis - offset] === 1);
}

/**
 * sqrt(v / s) + e as (sqrt(v) + e sqrt(s)) / sqrt(s), for scalars: the denominator of Adam. Where v and s are both
 * negative, the quotient has a root and its parts have none; running averages of squares are not negative.
 */
function scaledRoot(denominator: Value): { rest: Value; scale: Value } | undefined {
  const { node } = denominator;
  if (node.op !== 'Add') return undefined;
  for (const [i, j] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const root = node.inputs[i]!.node;
    const epsilon = node.inputs[j]!;
    if (root.op !== 'Sqrt' || sizeOf(epsilon.shape) !== 1 || scalarOf(epsilon) === undefined) continue;
    const quotient = root.inputs[0]!.node;
    if (quotient.op !== 'Div' || sizeOf(quotient.inputs[1]!.shape) !== 1) continue;
    const [v, s] = quotient.inputs as [Value, Value];
    if (!sameShape(v.shape, denominator.shape) || v.node.op !== 'Add' || !v.node.inputs.some(hasSquare)) continue;
    const scale = unary('Sqrt', s);
    return { rest: add(unary('Sqrt', v), mul(epsilon, scale)), scale };
  }
  return undefined;
}

/** Whether a product has a square among its factors. */
function hasSquare(value: Value | undefined): boolean {
  if (value?.node.op !== 'Mul') return false;
  const [a, b] = value.node.inputs;
  return a === b || hasSquare(a) || hasSquare(b);
}

/** Whether all readers can do without the product: it is read once, or each of them takes the factor elsewhere. */
function absorbed(value: Value, small: Value, consumers: ReadonlyMap<Value, (Node | null)[]>): boolean {
  const readers = consumers.get(value) ?? [];
  if (readers.length === 1) return true;
  return readers.every((reader) => {
    if (reader === null) return false;
    const output = reader.outputs[0]!;
    if (reader.op === 'ReduceSum' || reader.op === 'ReduceMean')
      return isConstantAlong(small, value.shape, reader.attrs['axes'] as readonly number[]);
    if (reader.op !== 'Mul' || !sameShape(output.shape, value.shape)) return false;
    const other = reader.inputs[0] === value ? reader.inputs[1]! : reader.inputs[0]!;
    if (isSmall(other, output.shape)) return true;
    const next = consumers.get(output) ?? [];
    return next.length > 0 && next.every((each) => each !== null) && readsOnlySums(next as Node[], small, value.shape);
  });
}

function readsOnlySums(readers: readonly Node[], small: Value, shape: readonly number[]): boolean {
  return readers.every(
    ({ op, attrs }) =>
      (op === 'ReduceSum' || op === 'ReduceMean') && isConstantAlong(small, shape, attrs['axes'] as readonly number[]),
  );
}
