import { Random } from '@crossmodal/core';
import { cosine } from '@crossmodal/core/schedules';
import { fit, type History } from '@crossmodal/core/train';
import { type ConditionalGan, type ConditionalGanBatch, conditionalGan, ganStep } from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { pictureTensor, shifted } from '../shared/images.js';
import type { DrawnEmojis } from './drawing-data.js';
import type { DrawingSettings } from './settings.js';

/** The GAN of the entry before training. */
export function drawingGan(
  { size, width, latentDimension, gan }: DrawingSettings,
  { dimension, seed }: { dimension: number; seed: number },
): ConditionalGan {
  return conditionalGan({ conditionDimension: dimension, latentDimension, size, width, ...gan, seed });
}

/** Trains the GAN on pictures and text vectors; it ends with the averaged weights. */
export async function trainDrawing(
  gan: ConditionalGan,
  { images, variants }: DrawnEmojis,
  { steps, batchSize, generatorRate, discriminatorRate, averageDecay, penaltyEvery }: DrawingSettings,
  { seed, shuffle, follow }: { seed: number; shuffle: boolean; follow: Followed },
): Promise<History> {
  // Control: every picture is drawn under the name of another emoji, the same one throughout.
  const order = images.map((_, index) => index);
  const nameOf = shuffle ? new Random(seed).fork('control').shuffle(order) : order;
  const data = batchesOf<ConditionalGanBatch>(
    images.length,
    async (indices, random) => ({
      real: await pictureTensor(indices.map((index, row) => shifted(images[index]!, random.fork(row)))),
      condition: tf.tensor2d(indices.map((index) => variants[random.integer(variants.length)]![nameOf[index]!]!)),
    }),
    { batchSize, seed },
  );
  const step = ganStep(gan, {
    generatorRate: cosine({ from: generatorRate, to: generatorRate / 4, steps }),
    discriminatorRate: cosine({ from: discriminatorRate, to: discriminatorRate / 4, steps }),
    averageDecay,
    penaltyEvery,
  });
  try {
    const history = await fit(step, data, { steps, ...follow });
    step.applyAverages();
    return history;
  } finally {
    step.dispose();
  }
}
