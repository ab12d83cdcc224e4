import { CrossmodalError } from '@crossmodal/core';
import type { RankedAnswers } from './ranks.js';

/** Scores of a retrieval run, averaged over the queries that have a right answer. */
export interface RetrievalMetrics {
  /** Recall@k: share of queries with at least one right answer among the first k (the image-text convention). */
  recall: Record<number, number>;
  /** Mean share of a query's right answers that are among the first k (the TREC convention). */
  recallFraction: Record<number, number>;
  /** NDCG@k with linear gain. */
  ndcg: Record<number, number>;
  /** mAP over the whole ranking. */
  meanAveragePrecision: number;
  /** Mean of 1 / rank of the first right answer. */
  meanReciprocalRank: number;
  /** Rank of the first right answer, from 1. */
  meanRank: number;
  medianRank: number;
  /** Rank of the first right answer of each query, in order; NaN for a query without one. */
  ranks: Float64Array;
  /** Queries that count, and queries left out because nothing in the gallery is relevant to them. */
  queries: number;
  skipped: number;
  /**
   * How many queries and gallery items equal an earlier one, number for number: repeated captions. With `relevant: 'diagonal'` their twins
   * count as wrong; give the texts as labels. Absent where only scores are known.
   */
  repeated?: { queries: number; gallery: number };
  /** What to mind when reading these numbers, with what to do; absent when there is nothing. */
  remark?: string;
  /** What a random order of the gallery would give, in expectation. */
  chance: { recall: Record<number, number>; meanAveragePrecision: number; meanRank: number };
}

function median(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** DCG@k = sum over ranks r <= k of grade / log2(r + 1). */
function discountedGain(ranks: ArrayLike<number>, grades: ArrayLike<number>, k: number): number {
  let sum = 0;
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i] as number;
    if (rank <= k) sum += (grades[i] as number) / Math.log2(rank + 1);
  }
  return sum;
}

/** P(no right answer among the first k of a random order) = C(N - R, k) / C(N, k). */
function chanceOfMiss(gallery: number, relevant: number, k: number): number {
  let miss = 1;
  for (let i = 0; i < Math.min(k, gallery); i++) miss *= Math.max(0, gallery - relevant - i) / (gallery - i);
  return miss;
}

/** E[AP] of a random order: (H_N + (R - 1) / (N - 1) (N - H_N)) / N, H_N the harmonic number. */
function chanceOfAveragePrecision(gallery: number, relevant: number, harmonic: number): number {
  if (gallery === 1) return 1;
  return (harmonic + ((relevant - 1) / (gallery - 1)) * (gallery - harmonic)) / gallery;
}

/**
 * All retrieval metrics from the ranks of the right answers.
 *
 * recall@k = mean_q [min rank_q <= k]; recallFraction@k = mean_q |{rank_q <= k}| / R_q;
 * AP_q = 1/R_q sum_i i / rank_qi; NDCG@k = DCG@k / ideal DCG@k, DCG@k = sum_{rank <= k} grade / log2(rank + 1).
 *
 * @param answers per query, ranks ascending from 1 (see `relevantRanks`)
 * @param gallery number of items that were ranked
 * @param k cut-offs
 * @throws CrossmodalError when no query has a right answer
 */
export function rankingMetrics(
  answers: readonly RankedAnswers[],
  gallery: number,
  k: readonly number[],
): RetrievalMetrics {
  const counted = answers.filter((answer) => answer.ranks.length > 0);
  const queries = counted.length;
  if (queries === 0) {
    throw new CrossmodalError(
      `retrievalMetrics: at least one query must have a relevant gallery item, none of ${answers.length} has`,
      {
        remedy: 'check that `relevant` uses the same labels for queries and gallery',
      },
    );
  }
  let harmonic = 0;
  for (let n = 1; n <= gallery; n++) harmonic += 1 / n;
  const average = (f: (answer: RankedAnswers) => number) =>
    counted.reduce((sum, answer) => sum + f(answer), 0) / queries;
  const perCutOff = (f: (answer: RankedAnswers, cutOff: number) => number) =>
    Object.fromEntries(k.map((cutOff) => [cutOff, average((answer) => f(answer, cutOff))])) as Record<number, number>;
  const first = (answer: RankedAnswers) => answer.ranks[0] as number;

  return {
    recall: perCutOff((answer, cutOff) => (first(answer) <= cutOff ? 1 : 0)),
    recallFraction: perCutOff(({ ranks }, cutOff) => ranks.filter((rank) => rank <= cutOff).length / ranks.length),
    ndcg: perCutOff(({ ranks, grades }, cutOff) => {
      const best = Float64Array.from(grades).sort().reverse();
      const bestRanks = best.map((_, i) => i + 1);
      return discountedGain(ranks, grades, cutOff) / discountedGain(bestRanks, best, cutOff);
    }),
    meanAveragePrecision: average(
      ({ ranks }) => ranks.reduce((sum, rank, i) => sum + (i + 1) / rank, 0) / ranks.length,
    ),
    meanReciprocalRank: average((answer) => 1 / first(answer)),
    meanRank: average(first),
    medianRank: median(Float64Array.from(counted, first).sort()),
    ranks: Float64Array.from(answers, (answer) => answer.ranks[0] ?? Number.NaN),
    queries,
    skipped: answers.length - queries,
    chance: {
      recall: perCutOff(({ ranks }, cutOff) => 1 - chanceOfMiss(gallery, ranks.length, cutOff)),
      meanAveragePrecision: average(({ ranks }) => chanceOfAveragePrecision(gallery, ranks.length, harmonic)),
      meanRank: average(({ ranks }) => (gallery + 1) / (ranks.length + 1)),
    },
  };
}
