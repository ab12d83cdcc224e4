import { CrossmodalError } from '@crossmodal/core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** `[8,64]`, for messages. */
export function shapeOf(x: Tensor): string {
  return `[${x.shape.join(',')}]`;
}

/** Throws an error of the form `function: what must hold, what was given`. */
export function requireThat(condition: boolean, where: string, message: () => string): asserts condition {
  if (!condition) throw new CrossmodalError(`${where}: ${message()}`);
}

function isTensor(x: unknown): x is Tensor {
  return typeof x === 'object' && x !== null && 'dataId' in x && 'shape' in x;
}

/** A float32 tensor of any rank, with at least one element. */
export function requireFloat(where: string, name: string, x: Tensor): void {
  requireThat(isTensor(x), where, () => `${name} must be a tensor, got ${typeof x}`);
  requireThat(!x.isDisposed, where, () => `${name} must be alive, it has been disposed`);
  requireThat(
    x.dtype === 'float32',
    where,
    () => `${name} must be float32, got ${x.dtype}; use tf.cast(${name}, 'float32')`,
  );
  requireThat(x.size > 0, where, () => `${name} must not be empty, got ${shapeOf(x)}`);
}

/** A float32 matrix with at least one row and one column. */
export function requireMatrix(where: string, name: string, x: Tensor2D): void {
  requireFloat(where, name, x);
  requireThat(x.rank === 2, where, () => `${name} must have rank 2, [batch, dim], got ${shapeOf(x)}`);
}

export function requireVector(where: string, name: string, x: Tensor1D): void {
  requireFloat(where, name, x);
  requireThat(x.rank === 1, where, () => `${name} must have rank 1, [batch], got ${shapeOf(x)}`);
}

export function requireSameShape(where: string, names: [string, string], a: Tensor, b: Tensor): void {
  const same = a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i]);
  requireThat(
    same,
    where,
    () => `${names[0]} and ${names[1]} must have equal shape, got ${shapeOf(a)} and ${shapeOf(b)}`,
  );
}

/** Two matrices with equal shape, rows paired by index. */
export function requirePaired(where: string, a: Tensor2D, b: Tensor2D): void {
  requireMatrix(where, 'a', a);
  requireMatrix(where, 'b', b);
  requireSameShape(where, ['a', 'b'], a, b);
}

/** Two matrices with equal width and any number of rows. */
export function requireSameWidth(where: string, names: [string, string], a: Tensor2D, b: Tensor2D): void {
  requireMatrix(where, names[0], a);
  requireMatrix(where, names[1], b);
  requireThat(
    a.shape[1] === b.shape[1],
    where,
    () => `${names[0]} and ${names[1]} must have equal width, got ${shapeOf(a)} and ${shapeOf(b)}`,
  );
}

/** A finite number in [minimum, maximum]; with `open`, above the minimum. */
export function requireNumber(
  where: string,
  name: string,
  value: number,
  { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, open = false } = {},
): void {
  const inside = Number.isFinite(value) && (open ? value > minimum : value >= minimum) && value <= maximum;
  requireThat(inside, where, () => {
    const lower = minimum === Number.NEGATIVE_INFINITY ? '' : ` ${open ? '>' : '>='} ${minimum}`;
    const upper = maximum === Number.POSITIVE_INFINITY ? '' : `${lower ? ' and' : ''} <= ${maximum}`;
    return `${name} must be a finite number${lower}${upper}, got ${value}`;
  });
}

/** A positive number, or a scalar tensor (a trainable temperature; its value is not read). */
export function requirePositive(where: string, name: string, value: number | Scalar): void {
  if (typeof value === 'number') requireNumber(where, name, value, { minimum: 0, open: true });
  else requireScalar(where, name, value);
}

/** Any finite number, or a scalar tensor. */
export function requireScalarLike(where: string, name: string, value: number | Scalar): void {
  if (typeof value === 'number') requireNumber(where, name, value);
  else requireScalar(where, name, value);
}

function requireScalar(where: string, name: string, value: Scalar): void {
  requireFloat(where, name, value);
  requireThat(
    value.rank === 0,
    where,
    () => `${name} must be a number or a scalar tensor, got shape ${shapeOf(value)}`,
  );
}

/** One of a few names. */
export function requireOneOf<T extends string>(where: string, name: string, value: T, choices: readonly T[]): void {
  requireThat(
    choices.includes(value),
    where,
    () => `${name} must be one of ${choices.join(', ')}, got ${String(value)}`,
  );
}

/** With `reduction: 'none'` the losses of both directions are added row by row. */
export function requireSquareForNone(
  where: string,
  a: Tensor2D,
  b: Tensor2D,
  symmetric: boolean,
  reduction: string | undefined,
): void {
  requireThat(
    !symmetric || reduction !== 'none' || a.shape[0] === b.shape[0],
    where,
    () =>
      `a and b must have equally many rows for reduction none in both directions, got ${shapeOf(a)} and ${shapeOf(b)}`,
  );
}
