import { type DualEncoder, retrievalMetrics } from '@crossmodal/alignment';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Item } from '../data/item.js';
import type { Modality } from '../model/load-model.js';
import type { MediaOf } from './batches.js';

/** How well one modality finds another. */
export interface Direction {
  /** `text to image` */
  name: string;
  queries: number;
  gallery: number;
  /** Share of queries with a right answer among the first k, by k. */
  recall: Record<number, number>;
  chance: Record<number, number>;
  medianRank: number;
}

interface Gallery {
  rows: Tensor2D;
  /** Per row, what makes it a right answer: its item's number, and its texts. */
  items: number[];
  texts: ReadonlySet<string>[];
}

const cutOffs = [1, 5, 10];

/** Batches that are embedded in one go, between two looks at the signal. */
const batchesAtATime = 8;

/**
 * Retrieval in both directions between each pair of modalities. Every caption counts, as in papers on image-text retrieval; an answer is
 * right when it belongs to the same item or shares a text with it: many captions repeat.
 *
 * @param options.mediaOf what the encoders take of an item's picture or recording
 * @param options.signal stops between batches
 * @throws what the signal says
 */
export async function evaluate(
  model: DualEncoder<Modality>,
  items: readonly Item[],
  { mediaOf, batchSize = 64, signal }: { mediaOf: MediaOf; batchSize?: number; signal?: AbortSignal | undefined },
): Promise<Direction[]> {
  const galleries = new Map<Modality, Gallery>();
  try {
    for (const modality of model.modalities) {
      const gallery = await galleryOf(model, items, modality, { mediaOf, batchSize, signal });
      if (gallery) galleries.set(modality, gallery);
    }
    const directions: Direction[] = [];
    for (const [from, queries] of galleries) {
      for (const [to, answers] of galleries) {
        if (from !== to) directions.push(await direction(`${from} to ${to}`, queries, answers));
      }
    }
    return directions;
  } finally {
    for (const { rows } of galleries.values()) rows.dispose();
  }
}

async function galleryOf(
  model: DualEncoder<Modality>,
  items: readonly Item[],
  modality: Modality,
  { mediaOf, batchSize, signal }: { mediaOf: MediaOf; batchSize: number; signal: AbortSignal | undefined },
): Promise<Gallery | undefined> {
  const inputs: unknown[] = [];
  const numbers: number[] = [];
  const texts: ReadonlySet<string>[] = [];
  if (modality === 'text') {
    items.forEach((item, i) => {
      for (const text of item.texts) {
        inputs.push(text);
        numbers.push(i);
        texts.push(new Set([text]));
      }
    });
  } else {
    items.forEach((item, i) => {
      if (item[modality] === undefined) return;
      inputs.push(mediaOf(modality, item));
      numbers.push(i);
      texts.push(new Set(item.texts));
    });
  }
  if (inputs.length === 0) return undefined;
  const parts: Tensor2D[] = [];
  try {
    for (let from = 0; from < inputs.length; from += batchSize * batchesAtATime) {
      signal?.throwIfAborted();
      const part = inputs.slice(from, from + batchSize * batchesAtATime);
      parts.push((await model.embedItems(modality, part, { batchSize })) as Tensor2D);
    }
    return { rows: tf.concat(parts), items: numbers, texts };
  } finally {
    tf.dispose(parts);
  }
}

async function direction(name: string, queries: Gallery, answers: Gallery): Promise<Direction> {
  const byText = new Map<string, number[]>();
  const byItem = new Map<number, number[]>();
  const add = <K>(map: Map<K, number[]>, key: K, row: number) => {
    const list = map.get(key);
    if (list) list.push(row);
    else map.set(key, [row]);
  };
  answers.texts.forEach((texts, row) => {
    for (const text of texts) add(byText, text, row);
    add(byItem, answers.items[row] as number, row);
  });
  const relevant = queries.texts.map((texts, query) => {
    const rows = [...texts].flatMap((text) => byText.get(text) ?? []);
    return [...new Set([...rows, ...(byItem.get(queries.items[query] as number) ?? [])])];
  });
  const kept = relevant.flatMap((rows, i) => (rows.length > 0 ? [i] : []));
  const asked = tf.tidy(() => tf.gather(queries.rows, tf.tensor1d(kept, 'int32')) as Tensor2D);
  try {
    const k = cutOffs.filter((cutOff) => cutOff <= answers.rows.shape[0]);
    const metrics = await retrievalMetrics(asked, answers.rows, {
      relevant: kept.map((i) => relevant[i] as number[]),
      k,
    });
    return {
      name,
      queries: kept.length,
      gallery: answers.rows.shape[0],
      recall: metrics.recall,
      chance: metrics.chance.recall,
      medianRank: metrics.medianRank,
    };
  } finally {
    asked.dispose();
  }
}

/** One number for "how good": the mean of recall@1, 5 and 10 over all directions. */
export function meanRecall(directions: readonly Direction[]): number {
  const values = directions.flatMap(({ recall }) => Object.values(recall));
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
