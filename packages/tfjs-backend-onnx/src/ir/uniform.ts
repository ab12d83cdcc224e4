import type { Numbers } from './graph.js';

/** The number that fills an array of at least two elements, if it is one and the same. Usually decided at the second. */
export function uniformNumber(numbers: Numbers): number | undefined {
  const first = numbers[0];
  if (numbers.length < 2 || first === undefined || typeof first === 'bigint') return undefined;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] !== first) return undefined;
  // -0 has its own bits.
  return Object.is(first, -0) ? undefined : first;
}
