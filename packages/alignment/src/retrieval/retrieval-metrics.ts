import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { DeviceScores, ExactScores, type Rows } from './pair-scores.js';
import { type RetrievalMetrics, rankingMetrics } from './ranking-metrics.js';
import { exactWhereClose, type RankedAnswers, relevantRanks } from './ranks.js';
import { type Relevance, readRelevance } from './relevance.js';
import { requireSimilarity, type Similarity } from './similarity.js';

export interface RetrievalOptions {
  /**
   * Which gallery items are right answers.
   * @default 'diagonal'
   */
  relevant?: Relevance;
  /**
   * Cut-offs of recall@k and NDCG@k.
   * @default [1, 5, 10]
   */
  k?: readonly number[];
  /** @default 'cosine' */
  similarity?: Similarity;
  /**
   * Queries scored at a time: bounds memory to batchSize * gallery scores.
   * @default 1024
   */
  batchSize?: number;
}

function checkCutOffs(k: readonly number[]): void {
  for (const cutOff of k) requireInteger('retrievalMetrics: each k', cutOff);
}

function checkScore(score: number, query: number, item: number): number {
  if (Number.isNaN(score)) {
    throw new CrossmodalError(`retrievalMetrics: scores must be numbers, got NaN for query ${query}, item ${item}`);
  }
  return score;
}

/**
 * How well queries find their right answers in a gallery: recall, ranks, mAP, NDCG (formulas at `rankingMetrics`).
 *
 * @param queries [queries, dim] embeddings of one modality
 * @param gallery [items, dim] embeddings of another (or the same) modality
 * @param options `relevant` says which answers are right, by default item i for query i; with repeated captions pass the texts as labels,
 *   `{ queries: texts, gallery: texts }` (see `repeated` of the result)
 * @throws CrossmodalError when shapes or labels do not fit, a score is NaN, or no query has a right answer
 * @see Karpathy and Fei-Fei (2015), section 4.1, for recall@k and median rank; Jarvelin and Kekalainen (2002) for NDCG
 *
 * @example
 * const { recall, medianRank } = await retrievalMetrics(textRows, imageRows, { k: [1, 5, 10] });
 */
export async function retrievalMetrics(
  queries: Tensor2D,
  gallery: Tensor2D,
  {
    relevant = 'diagonal',
    k = [1, 5, 10], // the customary cut-offs of image-text retrieval
    similarity = 'cosine', // CLIP
    batchSize = 1024,
    ...others
  }: RetrievalOptions = {},
): Promise<RetrievalMetrics> {
  assertKnownOptions('retrievalMetrics', others, ['relevant', 'k', 'similarity', 'batchSize']);

  if (queries.rank !== 2 || gallery.rank !== 2 || queries.shape[1] !== gallery.shape[1]) {
    throw new CrossmodalError(
      `retrievalMetrics: queries and gallery must be matrices with equally many columns, got [${queries.shape}] and [${gallery.shape}]`,
    );
  }
  checkCutOffs(k);
  requireSimilarity('retrievalMetrics', similarity);
  requireInteger('retrievalMetrics: batchSize', batchSize);
  const rows = queries.shape[0];
  const items = gallery.shape[0];
  const relevantTo = await readRelevance(relevant, rows, items);
  const [queryRows, itemRows] = [await hostRows('queries', queries), await hostRows('gallery', gallery)];
  const device = new DeviceScores(queryRows, itemRows, similarity);
  const exact = new ExactScores(queryRows, itemRows, similarity);
  const answers: RankedAnswers[] = [];
  for (let first = 0; first < rows; first += batchSize) {
    const size = Math.min(batchSize, rows - first);
    const { values, bounds } = await device.block(first, size, 0, items);
    for (let i = 0; i < size; i++) {
      const right = relevantTo(first + i);
      const score = (item: number) => checkScore(exact.score(first + i, item), first + i, item);
      const approximate = values.subarray(i * items, (i + 1) * items);
      const scores = exactWhereClose(approximate, bounds[i] as number, right, score);
      answers.push(relevantRanks(scores, 0, items, right));
    }
  }
  const repeated = { queries: repeatedRows(queryRows), gallery: repeatedRows(itemRows) };
  const twins = repeated.queries + repeated.gallery;
  const remark =
    relevant === 'diagonal' && twins > 0
      ? `${repeated.queries} of ${rows} queries and ${repeated.gallery} of ${items} gallery items equal an earlier one, and only item i counts as right for query i; pass relevant: { queries: labels, gallery: labels }, with the texts as labels`
      : undefined;
  return { ...rankingMetrics(answers, items, k), repeated, ...(remark === undefined ? {} : { remark }) };
}

/** How many rows equal an earlier one. Rows are told apart by two sums over their bits, of 64 bits together. */
function repeatedRows({ values, count, dimension }: Rows): number {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const known = new Set<string>();
  for (let i = 0; i < count; i++) {
    let [a, b] = [0x811c9dc5, 0x1000193];
    for (let d = i * dimension; d < (i + 1) * dimension; d++) {
      a = Math.imul(a ^ (bits[d] as number), 0x01000193);
      b = Math.imul(b + (bits[d] as number), 0x85ebca6b) ^ (b >>> 13);
    }
    known.add(`${a} ${b}`);
  }
  return count - known.size;
}

async function hostRows(name: string, x: Tensor2D): Promise<Rows> {
  const values = (await x.data()) as Float32Array;
  const [count, dimension] = x.shape;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new CrossmodalError(
      `retrievalMetrics: ${name} must be finite, got ${values[bad]} in row ${Math.floor(bad / dimension)}`,
      { remedy: 'look for NaN and infinities in what was encoded' },
    );
  }
  return { values, count, dimension };
}

/**
 * The same metrics from a matrix of scores, for models that score pairs rather than embed items.
 *
 * @param scores [queries, items], larger is better
 */
export async function scoreMetrics(
  scores: Tensor2D,
  { relevant = 'diagonal', k = [1, 5, 10], ...others }: Pick<RetrievalOptions, 'relevant' | 'k'> = {},
): Promise<RetrievalMetrics> {
  assertKnownOptions('scoreMetrics', others, ['k', 'relevant']);

  if (scores.rank !== 2)
    throw new CrossmodalError(`scoreMetrics: scores must be a matrix, got shape [${scores.shape}]`);
  checkCutOffs(k);
  const [rows, items] = scores.shape;
  const relevantTo = await readRelevance(relevant, rows, items);
  const answers: RankedAnswers[] = [];
  const values = await scores.data();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < items; j++) checkScore(values[i * items + j] as number, i, j);
    answers.push(relevantRanks(values, i * items, items, relevantTo(i)));
  }
  return rankingMetrics(answers, items, k);
}

/**
 * Retrieval in both directions between two modalities: `forward` searches b with a, `backward` searches a with b.
 * Relevance is given from a's point of view and transposed for the way back.
 */
export async function bidirectionalMetrics(
  a: Tensor2D,
  b: Tensor2D,
  options: RetrievalOptions = {},
): Promise<{ forward: RetrievalMetrics; backward: RetrievalMetrics }> {
  assertKnownOptions('bidirectionalMetrics', options, ['relevant', 'k', 'similarity', 'batchSize']);

  const { relevant = 'diagonal' } = options;
  const forward = await retrievalMetrics(a, b, options);
  const backward = await retrievalMetrics(b, a, {
    ...options,
    relevant: await transposeRelevance(relevant, a.shape[0], b.shape[0]),
  });
  return { forward, backward };
}

async function transposeRelevance(relevant: Relevance, queries: number, gallery: number): Promise<Relevance> {
  if (relevant === 'diagonal') return relevant;
  if (typeof relevant === 'object' && 'gallery' in relevant && 'queries' in relevant) {
    return { queries: relevant.gallery, gallery: relevant.queries };
  }
  const relevantTo = await readRelevance(relevant, queries, gallery);
  const grades = Array.from({ length: gallery }, () => new Map<number, number>());
  for (let query = 0; query < queries; query++) {
    const { items, grades: values } = relevantTo(query);
    items.forEach((item, i) => {
      grades[item]?.set(query, values[i] as number);
    });
  }
  return (item, query) => grades[item]?.get(query) ?? 0;
}
