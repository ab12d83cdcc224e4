import { Random } from '@crossmodal/core';
import { cosine } from '@crossmodal/core/schedules';
import { fit, type History } from '@crossmodal/core/train';
import { resize } from '@crossmodal/encoders-vision';
import {
  type ConditionalGan,
  type ConditionalGanBatch,
  conditionalGan,
  deepFusionGenerator,
  ganStep,
} from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { pictureTensor, shifted } from '../shared/images.js';
import type { Subjects } from './drawing-data.js';
import type { DrawingRecipe } from './settings.js';

/** The GAN of a recipe before training; with a first stage, that of its second. */
export function drawingGan(
  { size, width, latentDimension, deepFusion = false, gan }: DrawingRecipe,
  { dimension, seed, first }: { dimension: number; seed: number; first?: ConditionalGan | undefined },
): ConditionalGan {
  const shape = { conditionDimension: dimension, latentDimension, size, width };
  return conditionalGan({
    ...shape,
    ...(deepFusion && { generator: deepFusionGenerator({ ...shape, seed }), range: [0, 1] }),
    ...(first && { firstStage: first.generator }),
    ...gan,
    seed,
  });
}

/** Trains the GAN on pictures and text vectors; it ends with the averaged weights. */
export async function trainDrawing(
  gan: ConditionalGan,
  { images, variants }: Subjects,
  { size, steps, batchSize, generatorRate, discriminatorRate, averageDecay, penaltyEvery }: DrawingRecipe,
  { seed, shuffle, follow }: { seed: number; shuffle: boolean; follow: Followed },
): Promise<History> {
  // Control: every picture is drawn under the name of another, the same one throughout.
  const order = images.map((_, index) => index);
  const nameOf = shuffle ? new Random(seed).fork('control').shuffle(order) : order;
  const shown =
    images[0]!.shape[0] === size ? images : images.map((image) => resize(image, { height: size, width: size }));
  const data = batchesOf<ConditionalGanBatch>(
    images.length,
    async (indices, random) => ({
      real: await pictureTensor(indices.map((index, row) => shifted(shown[index]!, random.fork(row)))),
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
