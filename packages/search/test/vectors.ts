import { Random } from '@crossmodal/core';
import type { SearchHit, Similarity, VectorItem } from '../src/index.js';

/** Normal vectors, the same for the same seed. */
export function randomVectors(count: number, dimension: number, seed: number): Float32Array[] {
  const values = new Float32Array(count * dimension);
  new Random(seed).fillNormal(values);
  return Array.from({ length: count }, (_, i) => values.slice(i * dimension, (i + 1) * dimension));
}

export function itemsOf(vectors: readonly ArrayLike<number>[], prefix = 'item'): VectorItem[] {
  return vectors.map((vector, i) => ({
    id: `${prefix} ${String(i).padStart(6, '0')}`,
    vector,
    metadata: { number: i },
  }));
}

/** The definition, written out. */
export function naiveScore(similarity: Similarity, q: ArrayLike<number>, x: ArrayLike<number>): number {
  let dot = 0;
  let difference = 0;
  let qq = 0;
  let xx = 0;
  for (let d = 0; d < q.length; d++) {
    const a = Math.fround(q[d]!);
    const b = Math.fround(x[d]!);
    dot += a * b;
    difference += (a - b) ** 2;
    qq += a * a;
    xx += b * b;
  }
  if (similarity === 'dot') return dot;
  if (similarity === 'euclidean') return -difference;
  return qq === 0 || xx === 0 ? 0 : Math.max(-1, Math.min(1, dot / Math.sqrt(qq * xx)));
}

/** Ids of the k best items by a sort of all of them; of equal scores, the smaller id first. */
export function naiveSearch(
  similarity: Similarity,
  query: ArrayLike<number>,
  items: readonly VectorItem[],
  k: number,
): string[] {
  return items
    .map(({ id, vector }) => ({ id, score: naiveScore(similarity, query, vector) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, k)
    .map(({ id }) => id);
}

export const idsOf = (hits: readonly SearchHit[]): string[] => hits.map(({ id }) => id);
