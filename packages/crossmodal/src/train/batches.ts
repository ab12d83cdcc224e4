import { CrossmodalError, type Encoder, type Inputs, type Random } from '@crossmodal/core';
import { pipeline } from '@crossmodal/core/data';
import * as tf from '@tensorflow/tfjs-core';
import type { Item } from '../data/item.js';
import type { Modality } from '../model/load-model.js';
import { partialText } from './partial-text.js';

/** How raw media become what an encoder prepares: decoded once and kept, or the path itself. */
export type MediaOf = (modality: 'image' | 'audio', item: Item) => unknown;

export type Batch = Partial<Record<Modality, Inputs>> & {
  positives: tf.Tensor2D;
  present?: Partial<Record<Modality, tf.Tensor1D>>;
};

/** [batch, batch]: 1 where the text drawn for one item is also a text of the other, and on the diagonal. */
function positivePairs(batch: readonly Item[], texts: readonly (string | undefined)[]): tf.Tensor2D {
  const own = batch.map((item) => new Set(item.texts));
  const fits = (i: number, j: number) => texts[i] !== undefined && (own[j] as Set<string>).has(texts[i]);
  const values = new Float32Array(batch.length ** 2);
  for (let i = 0; i < batch.length; i++) {
    for (let j = 0; j < batch.length; j++) values[i * batch.length + j] = Number(i === j || fits(i, j) || fits(j, i));
  }
  return tf.tensor2d(values, [batch.length, batch.length]);
}

/**
 * Batches of the items for a dual encoder: one of each item's texts, another one in each epoch. Samples that share a text are
 * positive for each other. A modality that some items lack is filled with another item's and marked as missing.
 */
export function trainingBatches(
  items: readonly Item[],
  {
    encoders,
    batchSize,
    seed,
    mediaOf,
    partialTexts,
  }: {
    encoders: Partial<Record<Modality, Encoder>>;
    batchSize: number;
    seed: number;
    mediaOf: MediaOf;
    /** Whether words are left out of texts, as those who search do. */
    partialTexts: boolean;
  },
) {
  const modalities = Object.keys(encoders) as Modality[];
  const has: Record<Modality, (item: Item) => boolean> = {
    image: (item) => item.image !== undefined,
    text: (item) => item.texts.length > 0,
    audio: (item) => item.audio !== undefined,
  };
  const lacking = modalities.filter((modality) => items.some((item) => !has[modality](item)));
  const fillers = Object.fromEntries(lacking.map((modality) => [modality, items.find(has[modality])]));
  for (const modality of lacking) {
    if (!fillers[modality]) throw new CrossmodalError(`train: no item for training has ${modality}`);
  }
  const prepare = async (batch: readonly Item[], random: Random): Promise<Batch> => {
    const texts = batch.map((item, i) => item.texts[random.fork(i).integer(Math.max(1, item.texts.length))]);
    const prepared: Batch = { positives: positivePairs(batch, texts) };
    for (const modality of modalities) {
      const source = (item: Item, i: number): unknown => {
        const shown = has[modality](item) ? item : (fillers[modality] as Item);
        if (modality === 'text') {
          const text = (shown === item ? texts[i] : shown.texts[0]) as string;
          return partialTexts ? partialText(text, random.fork('words').fork(i)) : text;
        }
        return mediaOf(modality, shown);
      };
      const encoder = encoders[modality] as Encoder;
      prepared[modality] = await encoder.prepare(batch.map(source), { training: true, random: random.fork(modality) });
      if (!lacking.includes(modality)) continue;
      prepared.present ??= {};
      prepared.present[modality] = tf.tensor1d(batch.map((item) => Number(has[modality](item))));
    }
    return prepared;
  };
  return pipeline(items)
    .shuffle({ seed })
    .batch(Math.min(batchSize, items.length), { dropRemainder: true })
    .map((batch, { random }) => prepare(batch, random), { seed })
    .prefetch(2);
}
