import { exactIndex, type RetrievalMetrics } from '@crossmodal/alignment';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { RetrievalFigure } from '../../report/figure.js';
import type { Row } from '../entry.js';

/** 1, 5 and 10, as far as they are smaller than the gallery: among the first ten of eight is everything. */
export function cutOffsFor(gallery: number): number[] {
  return [1, 5, 10].filter((k) => k === 1 || k < gallery);
}

/** Recall at each cut-off as rows of the result table. */
export function recallRows(
  direction: string,
  untrained: RetrievalMetrics,
  trained: RetrievalMetrics,
  cutOffs: readonly number[],
): Row[] {
  return cutOffs.map((k) => ({
    metric: `recall@${k}, ${direction}`,
    better: 'higher',
    chance: trained.chance.recall[k]!,
    untrained: untrained.recall[k]!,
    value: trained.recall[k]!,
    published: null,
  }));
}

/** One side of a search: how it is written, and its picture if there is one. */
export interface Shown {
  label: string;
  picture?: Uint8Array;
}

/**
 * Searches for a few queries and writes down what was found.
 *
 * @param queries [items, dim]; row i belongs to row i of the gallery
 * @param gallery [items, dim]
 * @param picked the rows that are shown
 */
export async function searchFigure(
  queries: Tensor2D,
  gallery: Tensor2D,
  picked: readonly number[],
  {
    asked,
    answers,
    spoken = false,
    count = 5,
    ...texts
  }: {
    asked: readonly Shown[];
    answers: readonly Shown[];
    spoken?: boolean;
    count?: number;
    title: string;
    caption: string;
  },
): Promise<RetrievalFigure> {
  const index = exactIndex({ dimension: gallery.shape[1] });
  await index.upsertRows(
    answers.map((_, row) => String(row)),
    gallery,
  );
  const found = await index.search(queries, { k: answers.length });
  return {
    kind: 'retrieval',
    ...texts,
    gallery: answers.length,
    near: cutOffsFor(answers.length).at(-1)!,
    queries: picked.map((row) => {
      const hits = found[row]!;
      const { label, picture } = asked[row]!;
      return {
        text: label,
        ...(picture ? { picture } : { answer: answers[row]!.picture }),
        spoken,
        rank: hits.findIndex(({ id }) => id === String(row)) + 1,
        results: hits.slice(0, count).map(({ id }) => ({ ...answers[Number(id)]!, right: id === String(row) })),
      };
    }),
  };
}

/** Some of the rows whose right answer came first, spread over the collection. */
export function foundFirst({ ranks }: RetrievalMetrics, count: number): number[] {
  const rows = [...ranks.keys()].filter((row) => ranks[row] === 1);
  return exampleRows(rows.length, count).map((index) => rows[index]!);
}

/** Rows for the examples: the same for every run, spread over the collection, neither the best nor the worst picked. */
export function exampleRows(items: number, count: number): number[] {
  return Array.from({ length: Math.min(count, items) }, (_, index) => Math.floor(((index + 0.5) * items) / count));
}
