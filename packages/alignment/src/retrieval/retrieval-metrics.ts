import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type RetrievalMetrics, rankingMetrics } from './ranking-metrics.js';
import { type RankedAnswers, relevantRanks } from './ranks.js';
import { type Relevance, readRelevance } from './relevance.js';
import { type Similarity, similarityMatrix } from './similarity.js';

export interface RetrievalOptions {
  /** Which gallery items are right answers. */
  relevant?: Relevance;
  /** Cut-offs of recall@k and NDCG@k. */
  k?: readonly number[];
  similarity?: Similarity;
  /** Queries scored at a time: bounds memory to batchSize * gallery scores. */
  batchSize?: number;
}

function checkCutOffs(k: readonly number[]): void {
  const wrong = k.find((cutOff) => !Number.isInteger(cutOff) || cutOff < 1);
  if (wrong !== undefined) throw new CrossmodalError(`retrievalMetrics: k must hold positive integers, got ${wrong}`);
}

function rankRows(
  scores: ArrayLike<number>,
  first: number,
  rows: number,
  gallery: number,
  relevantTo: Awaited<ReturnType<typeof readRelevance>>,
  answers: RankedAnswers[],
): void {
  for (let i = 0; i < rows; i++) {
    const offset = i * gallery;
    for (let j = 0; j < gallery; j++) {
      if (Number.isNaN(scores[offset + j])) {
        throw new CrossmodalError(
          `retrievalMetrics: scores must be numbers, got NaN for query ${first + i}, item ${j}`,
        );
      }
    }
    answers.push(relevantRanks(scores, offset, gallery, relevantTo(first + i)));
  }
}

/**
 * How well queries find their right answers in a gallery: recall, ranks, mAP, NDCG (formulas at `rankingMetrics`).
 *
 * @param queries [queries, dim] embeddings of one modality
 * @param gallery [items, dim] embeddings of another (or the same) modality
 * @param options `relevant` says which answers are right, by default item i for query i
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
  }: RetrievalOptions = {},
): Promise<RetrievalMetrics> {
  if (queries.rank !== 2 || gallery.rank !== 2 || queries.shape[1] !== gallery.shape[1]) {
    throw new CrossmodalError(
      `retrievalMetrics: queries and gallery must be matrices with equally many columns, got [${queries.shape}] and [${gallery.shape}]`,
    );
  }
  checkCutOffs(k);
  const [rows, dimension] = queries.shape;
  const items = gallery.shape[0];
  const relevantTo = await readRelevance(relevant, rows, items);
  const answers: RankedAnswers[] = [];
  for (let first = 0; first < rows; first += batchSize) {
    const size = Math.min(batchSize, rows - first);
    const scores = tf.tidy(() =>
      similarityMatrix(tf.slice(queries, [first, 0], [size, dimension]), gallery, similarity),
    );
    try {
      rankRows(await scores.data(), first, size, items, relevantTo, answers);
    } finally {
      scores.dispose();
    }
  }
  return rankingMetrics(answers, items, k);
}

/**
 * The same metrics from a matrix of scores, for models that score pairs rather than embed items.
 *
 * @param scores [queries, items], larger is better
 */
export async function scoreMetrics(
  scores: Tensor2D,
  { relevant = 'diagonal', k = [1, 5, 10] }: Pick<RetrievalOptions, 'relevant' | 'k'> = {},
): Promise<RetrievalMetrics> {
  if (scores.rank !== 2)
    throw new CrossmodalError(`scoreMetrics: scores must be a matrix, got shape [${scores.shape}]`);
  checkCutOffs(k);
  const [rows, items] = scores.shape;
  const relevantTo = await readRelevance(relevant, rows, items);
  const answers: RankedAnswers[] = [];
  rankRows(await scores.data(), 0, rows, items, relevantTo, answers);
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
