import type { Similarity } from '../vector-store.js';

/**
 * The score of a row in double precision, the same whoever asks: sums run over the values in their order.
 *
 * @param squared |q|², for the cosine
 */
export function exactScore(
  similarity: Similarity,
  query: ArrayLike<number>,
  queryAt: number,
  squared: number,
  rows: Float32Array,
  rowAt: number,
  dimension: number,
): number {
  if (similarity === 'euclidean') {
    let sum = 0;
    for (let d = 0; d < dimension; d++) {
      const difference = query[queryAt + d]! - rows[rowAt + d]!;
      sum += difference * difference;
    }
    return -sum + 0; // +0, not -0, for equal vectors
  }
  let product = 0;
  if (similarity === 'dot') {
    for (let d = 0; d < dimension; d++) product += query[queryAt + d]! * rows[rowAt + d]!;
    return product;
  }
  let length = 0;
  for (let d = 0; d < dimension; d++) {
    const value = rows[rowAt + d]!;
    product += query[queryAt + d]! * value;
    length += value * value;
  }
  if (length === 0 || squared === 0) return 0;
  // The root of a product of equal numbers is that number: a vector's cosine with itself is 1.
  return Math.max(-1, Math.min(1, product / Math.sqrt(squared * length)));
}

/** |x|² in double precision. */
export function squaredLength(values: ArrayLike<number>, at: number, dimension: number): number {
  let sum = 0;
  for (let d = 0; d < dimension; d++) sum += values[at + d]! * values[at + d]!;
  return sum;
}

/** Whether the bounds of float32 errors hold for a vector: no product of its values overflows, nor loses all its digits. */
export function isOrdinary(length: number): boolean {
  return length === 0 || (length > 2 ** -40 && length < 2 ** 40);
}
