import { sourceOnly } from '@crossmodal/adaptation';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import { convolutionalEncoder, type Image } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { batchesOf } from './batches.js';
import { trainToEnd } from './train.js';

/** A classifier that saw real pictures only. */
export interface PictureJudge {
  /** Logits [pictures, classes] and the features before them. */
  look(pictures: readonly Image[]): Promise<{ scores: tf.Tensor2D; features: tf.Tensor2D }>;
  dispose(): void;
}

export interface PictureJudgeSettings {
  size: number;
  channels: number[];
  steps: number;
  batchSize: number;
}

/** Trains the judge on labelled pictures [size, size, 1], or of other channels. */
export async function pictureJudge(
  pictureOf: (index: number) => Image,
  labels: ArrayLike<number>,
  { size, channels, steps, batchSize }: PictureJudgeSettings,
  {
    classes,
    inputChannels = 1,
    seed,
    follow,
  }: { classes: number; inputChannels?: 1 | 3; seed: number; follow: Followed },
): Promise<PictureJudge> {
  const encoder = convolutionalEncoder({ size, inputChannels, channels, dimension: 64, seed });
  const model = sourceOnly({ features: encoder, classes, hidden: [], seed });
  const data = batchesOf(
    labels.length,
    async (indices) => ({
      source: await encoder.prepare(indices.map(pictureOf)),
      labels: tf.tensor1d(
        indices.map((index) => labels[index]!),
        'int32',
      ),
    }),
    { batchSize, seed },
  );
  const optimizer = adamW({ learningRate: cosine({ from: 2e-3, steps }) });
  await trainToEnd(model, optimizer, data, { steps, ...follow });
  return {
    async look(pictures) {
      const parts: { scores: tf.Tensor2D; features: tf.Tensor2D }[] = [];
      for (let start = 0; start < pictures.length; start += 128) {
        const inputs = await encoder.prepare(pictures.slice(start, start + 128));
        parts.push(
          tf.tidy(() => {
            const features = model.features(inputs);
            return { features, scores: model.predict(features) as tf.Tensor2D };
          }),
        );
        tf.dispose(inputs);
      }
      const scores = tf.concat2d(
        parts.map((part) => part.scores),
        0,
      );
      const features = tf.concat2d(
        parts.map((part) => part.features),
        0,
      );
      tf.dispose(parts);
      return { scores, features };
    },
    dispose: () => model.dispose(),
  };
}
