import { assertKnownOptions, CrossmodalError, Random, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { exactIndex } from './exact-index.js';
import { ExactScores } from './pair-scores.js';

export interface HardNegativeOptions {
  /** Right answers of each query, as positions in the corpus: these are never negatives. */
  positives: readonly (readonly number[])[];
  /**
   * Negatives of each query.
   * @default 3
   */
  count?: number;
  /**
   * So many of the nearest are looked at.
   * @default 100
   */
  among?: number;
  /**
   * So many of the nearest wrong ones are left out: they may be right answers that nobody marked.
   * @default 0
   */
  skip?: number;
  /** A negative must be less similar than the least similar positive by this much (cosine). */
  margin?: number;
  /** A negative must have less than this share of the least similar positive's similarity. */
  relativeMargin?: number;
  /** A negative must be less similar than this. */
  maximumSimilarity?: number;
  /**
   * The nearest that are left, or drawn among them.
   * @default 'nearest'
   */
  choice?: 'nearest' | 'random';
  /**
   * Of `random`.
   * @default 0
   */
  seed?: number;
}

/**
 * Hard negatives over a whole corpus: of each query, items that a model finds similar though they are wrong. The margins keep out
 * those that are probably right.
 *
 * @param queries [queries, dim]
 * @param corpus [items, dim]
 * @returns of each query up to `count` positions in the corpus, the most similar first; fewer where not more are left
 * @throws CrossmodalError when shapes, positions or options do not fit
 * @see Xiong et al. (2021), ANCE; Moreira et al. (2024), NV-Retriever, section 3, for margins by the positive
 * @example
 * const negatives = await mineHardNegatives(texts, images, { positives: texts.map((_, i) => [i]), relativeMargin: 0.95 });
 */
export async function mineHardNegatives(
  queries: Tensor2D,
  corpus: Tensor2D,
  {
    positives,
    count = 3, // sentence-transformers
    among = 100, // ANCE draws among the first 200; fewer are nearer
    skip = 0,
    margin,
    relativeMargin,
    maximumSimilarity,
    choice = 'nearest',
    seed = 0,
    ...others
  }: HardNegativeOptions,
): Promise<number[][]> {
  const where = 'mineHardNegatives';
  assertKnownOptions('mineHardNegatives', others, [
    'positives',
    'count',
    'among',
    'skip',
    'margin',
    'relativeMargin',
    'maximumSimilarity',
    'choice',
    'seed',
  ]);
  if (queries.shape[1] !== corpus.shape[1]) {
    throw new CrossmodalError(
      `${where}: queries and corpus must have one width, got ${queries.shape[1]} and ${corpus.shape[1]}`,
    );
  }
  if (positives?.length !== queries.shape[0]) {
    throw new CrossmodalError(
      `${where}: positives must hold one list per query, got ${positives?.length ?? 'none'} for ${queries.shape[0]}`,
    );
  }
  for (const [name, value, least] of [
    ['count', count, 1],
    ['among', among, 1],
    ['skip', skip, 0],
  ] as const) {
    requireInteger(`${where}: ${name}`, value, least);
  }
  if (choice !== 'nearest' && choice !== 'random') {
    throw new CrossmodalError(`${where}: choice must be nearest or random, got ${String(choice)}`);
  }
  const items = corpus.shape[0];
  const index = exactIndex({ dimension: corpus.shape[1] });
  await index.upsertRows(
    Array.from({ length: items }, (_, i) => String(i)),
    corpus,
  );
  // Positives take places among the nearest.
  const most = positives.reduce((sum, { length }) => Math.max(sum, length), 0);
  const found = await index.search(queries, { k: Math.min(items, among + most) });
  const hasMargin = margin !== undefined || relativeMargin !== undefined;
  const similarities = hasMargin ? await exactCosines(queries, corpus) : undefined;
  const random = new Random(seed).fork(where);
  return found.map((hits, query) => {
    const right = new Set(positives[query]);
    const wrong = [...right].find((item) => !Number.isInteger(item) || item < 0 || item >= items);
    if (wrong !== undefined) {
      throw new CrossmodalError(`${where}: positives must lie in [0, ${items}), got ${wrong} for query ${query}`);
    }
    let bound = maximumSimilarity ?? Number.POSITIVE_INFINITY;
    if (similarities && right.size > 0) {
      let least = Number.POSITIVE_INFINITY;
      for (const item of right) least = Math.min(least, similarities.score(query, item));
      if (margin !== undefined) bound = Math.min(bound, least - margin);
      // Of a negative similarity the share is taken away from zero.
      if (relativeMargin !== undefined) bound = Math.min(bound, least - (1 - relativeMargin) * Math.abs(least));
    }
    const left = hits
      .filter(({ id }) => !right.has(Number(id)))
      .slice(0, among)
      .slice(skip)
      .filter(({ score }) => score < bound)
      .map(({ id }) => Number(id));
    if (choice === 'nearest' || left.length <= count) return left.slice(0, count);
    const drawn = new Set(random.fork(query).shuffle(left).slice(0, count));
    return left.filter((item) => drawn.has(item));
  });
}

/** The scores of the index, to the last digit: an item that is as similar as a positive is not less similar. */
async function exactCosines(queries: Tensor2D, corpus: Tensor2D): Promise<ExactScores> {
  const [rows, items] = await Promise.all([queries.data(), corpus.data()]);
  const dimension = corpus.shape[1];
  return new ExactScores(
    { values: Float64Array.from(rows), count: queries.shape[0], dimension },
    { values: Float32Array.from(items), count: corpus.shape[0], dimension },
    'cosine',
  );
}
