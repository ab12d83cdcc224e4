import {
  type Attributes,
  constantValue,
  createNode,
  type ElementType,
  sameShape,
  sizeOf,
  type Value,
} from './graph.js';
import { broadcastShapes, isIdentityPermutation, permutationIsReshape, permuted, reducedShape } from './shapes.js';

/**
 * Builders of single operations with inferred shapes. Operators are ONNX's; parameters that ONNX passes as constant
 * inputs (axes, shapes, starts) are attributes here and become inputs at emission.
 */

export function apply(
  op: string,
  inputs: readonly (Value | undefined)[],
  shape: readonly number[],
  type: ElementType,
  attrs?: Attributes,
): Value {
  return createNode({ op, inputs, attrs, outputs: [{ shape, type }] }).outputs[0]!;
}

/** A node of our own domain, expanded by the lowering pass. */
export function composite(
  op: string,
  inputs: readonly (Value | undefined)[],
  shape: readonly number[],
  type: ElementType,
  attrs?: Attributes,
): Value {
  return createNode({ op, domain: 'crossmodal', inputs, attrs, outputs: [{ shape, type }] }).outputs[0]!;
}

export const FLEXIBLE = 'crossmodal.flexible';

/** A node that works in any memory order: written in ONNX operators after the order is chosen. `axes` names axes. */
export function flexible(
  op: string,
  inputs: readonly Value[],
  shape: readonly number[],
  attrs: Attributes & { axes: readonly number[] },
): Value {
  return createNode({ op, domain: FLEXIBLE, inputs, attrs, outputs: [{ shape, type: 'float32' }] }).outputs[0]!;
}

export function unary(op: string, x: Value, attrs?: Attributes): Value {
  return apply(op, [x], x.shape, x.type, attrs);
}

export function binary(op: string, a: Value, b: Value, attrs?: Attributes): Value {
  return apply(op, [a, b], broadcastShapes(a.shape, b.shape), a.type, attrs);
}

export function compare(op: string, a: Value, b: Value): Value {
  return apply(op, [a, b], broadcastShapes(a.shape, b.shape), 'bool');
}

export const add = (a: Value, b: Value): Value => binary('Add', a, b);
export const sub = (a: Value, b: Value): Value => binary('Sub', a, b);
export const mul = (a: Value, b: Value): Value => binary('Mul', a, b);
export const div = (a: Value, b: Value): Value => binary('Div', a, b);

/** A constant scalar of the given type. */
export function scalar(value: number, type: ElementType = 'float32'): Value {
  return constantValue(numbersOf([value], type), [], type);
}

export function numbersOf(values: readonly number[] | Float32Array | Int32Array, type: ElementType) {
  switch (type) {
    case 'float32':
      return Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'bool':
      return Uint8Array.from(values);
    case 'int64':
      return BigInt64Array.from(Array.from(values, (v) => BigInt(v)));
  }
}

export function constant(values: readonly number[], shape: readonly number[], type: ElementType, name?: string): Value {
  return constantValue(numbersOf(values, type), shape, type, name);
}

export function cast(x: Value, type: ElementType): Value {
  return x.type === type ? x : apply('Cast', [x], x.shape, type, { to: type });
}

export function reshape(x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  if (sizeOf(x.shape) !== sizeOf(shape)) throw new Error(`internal: reshape of [${x.shape}] to [${shape}]`);
  const base = x.node.op === 'Reshape' ? x.node.inputs[0]! : x;
  return sameShape(base.shape, shape) ? base : apply('Reshape', [base], shape, x.type, { shape });
}

export function transpose(x: Value, perm: readonly number[]): Value {
  if (isIdentityPermutation(perm)) return x;
  const shape = permuted(x.shape, perm);
  if (permutationIsReshape(x.shape, perm)) return reshape(x, shape);
  if (x.node.op === 'Transpose') {
    const first = x.node.attrs['perm'] as readonly number[];
    return transpose(x.node.inputs[0]!, permuted(first, perm));
  }
  return apply('Transpose', [x], shape, x.type, { perm });
}

export function expand(x: Value, shape: readonly number[]): Value {
  return sameShape(x.shape, shape) ? x : apply('Expand', [x], shape, x.type, { shape });
}

/** Filled with one number. */
export function full(shape: readonly number[], value: number, type: ElementType): Value {
  return expand(scalar(value, type), shape);
}

export function reduce(op: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
  if (axes.length === 0) return x;
  if (axes.every((axis) => x.shape[axis] === 1) && op !== 'ReduceSumSquare')
    return reshape(x, reducedShape(x.shape, axes, keepDims));
  return apply(op, [x], reducedShape(x.shape, axes, keepDims), x.type, { axes, keepdims: keepDims ? 1 : 0 });
}

export function slice(
  x: Value,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps?: readonly number[],
): Value {
  const shape = x.shape.slice();
  axes.forEach((axis, i) => {
    const step = steps?.[i] ?? 1;
    shape[axis] = Math.max(0, Math.ceil((ends[i]! - starts[i]!) / step));
  });
  if (steps === undefined && sameShape(shape, x.shape)) return x;
  // An end "before element 0" cannot be written as -1, which means the last element.
  const written = ends.map((end, i) => ((steps?.[i] ?? 1) < 0 && end < 0 ? -2147483647 : end));
  return apply('Slice', [x], shape, x.type, { starts, ends: written, axes, steps: steps ?? axes.map(() => 1) });
}

/** Zero padding (or `value`), written per axis as [before, after]. */
export function pad(x: Value, paddings: readonly (readonly [number, number])[], value = 0): Value {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((dim, i) => dim + paddings[i]![0] + paddings[i]![1]);
  return apply('Pad', [x], shape, x.type, {
    pads: [...paddings.map((p) => p[0]), ...paddings.map((p) => p[1])],
    value,
  });
}

export function concat(values: readonly Value[], axis: number): Value {
  if (values.length === 1) return values[0]!;
  const shape = values[0]!.shape.slice();
  shape[axis] = values.reduce((sum, value) => sum + value.shape[axis]!, 0);
  return apply('Concat', values, shape, values[0]!.type, { axis });
}

export function split(x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  if (sizes.length === 1) return [x];
  const outputs = sizes.map((size) => ({ shape: x.shape.map((dim, i) => (i === axis ? size : dim)), type: x.type }));
  return createNode({ op: 'Split', inputs: [x], attrs: { split: sizes, axis }, outputs }).outputs;
}

export function gather(x: Value, indices: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return apply('Gather', [x, indices], shape, x.type, { axis });
}

export function where(condition: Value, then: Value, otherwise: Value): Value {
  return apply(
    'Where',
    [condition, then, otherwise],
    broadcastShapes(condition.shape, then.shape, otherwise.shape),
    then.type,
  );
}

/** Matrix product over the last two axes with broadcast batch axes; transposition flags as in Gemm. */
export function matMul(a: Value, b: Value, transA = false, transB = false): Value {
  const rows = a.shape[a.shape.length - (transA ? 1 : 2)]!;
  const columns = b.shape[b.shape.length - (transB ? 2 : 1)]!;
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return composite('MatMul', [a, b], [...batch, rows, columns], a.type, {
    transA: transA ? 1 : 0,
    transB: transB ? 1 : 0,
  });
}

/** A value under the reshapes at its end. */
export function withoutReshape(value: Value): Value {
  let base = value;
  while (base.node.op === 'Reshape') base = base.node.inputs[0]!;
  return base;
}
