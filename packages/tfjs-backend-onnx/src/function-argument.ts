import { Tensor, util } from '@tensorflow/tfjs-core';

/** What somebody handed over, in a few words for a message. */
export function describeGiven(value: unknown): string {
  if (value instanceof Tensor) return `a tensor ${value.dtype}[${value.shape.join(',')}]`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object' || value === null) return String(value);
  return `an object (${value.constructor?.name ?? 'without a class'})`;
}

/** @throws when `fn` cannot be called. */
export function assertFunction(caller: string, fn: unknown): void {
  if (typeof fn === 'function') return;
  throw new Error(
    `${caller}: fn must be a function of tensors, got ${describeGiven(fn)}; of a layers model, hand over (x) => model.apply(x)`,
  );
}

/** @throws when a function returned a promise, whose own failure is then nobody's to handle. */
export function assertSynchronous(caller: string, result: unknown, remedy: string): void {
  if (!util.isPromise(result)) return;
  result.then(undefined, () => undefined);
  throw new Error(`${caller}: the function must not be asynchronous, it returned a promise; ${remedy}`);
}
