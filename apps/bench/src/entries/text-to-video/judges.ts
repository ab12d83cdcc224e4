import { classifier, type LabelledBatch } from '@crossmodal/adaptation';
import { batchNormalization, LayerSeeds } from '@crossmodal/core/layers';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainToEnd } from '../shared/train.js';
import type { ClipValues } from './clips.js';

/** Says what a clip shows; knows nothing of the model that makes clips. */
export interface ClipJudge {
  /** The class of each clip. */
  look(clips: ClipValues): Promise<number[]>;
  dispose(): void;
}

export interface ClipJudgeSettings {
  channels: number[];
  steps: number;
  batchSize: number;
}

/** Trains a convolutional classifier of clips, whose frames are the channels of its picture. */
export async function clipJudge(
  training: ClipValues,
  labels: readonly number[],
  classes: number,
  { channels, steps, batchSize }: ClipJudgeSettings,
  { seed, label, follow }: { seed: number; label: string; follow: (label: string, steps: number) => Followed },
): Promise<ClipJudge> {
  const { size, frames } = training;
  const model = classifier({
    encoder: clipFeatures([size, size, frames], channels, seed),
    classes,
    hidden: [64],
    seed,
  });
  const data = batchesOf<LabelledBatch>(
    training.count,
    (indices) => ({
      inputs: training.rows(indices, [size, size, frames]),
      labels: tf.tensor1d(
        indices.map((index) => labels[index]!),
        'int32',
      ),
    }),
    { batchSize, seed },
  );
  const optimizer = adamW({ learningRate: cosine({ from: 3e-3, steps }) });
  await trainToEnd(model, optimizer, data, { steps, ...follow(label, steps) });
  return {
    async look(clips) {
      const answers: number[] = [];
      for (let from = 0; from < clips.count; from += 100) {
        const indices = Array.from({ length: Math.min(100, clips.count - from) }, (_, i) => from + i);
        const best = tf.tidy(() => tf.argMax(model.classify(clips.rows(indices, [size, size, frames])), 1));
        answers.push(...(await best.data()));
        best.dispose();
      }
      return answers;
    },
    dispose: () => model.dispose(),
  };
}

/** Stages of a convolution with batch normalisation and ReLU, halved between; the average over all places. */
function clipFeatures(shape: [number, number, number], channels: readonly number[], seed: number): tfl.LayersModel {
  const seeds = new LayerSeeds(seed, 'clip judge');
  const input = tfl.input({ shape, name: 'clip' });
  const output = channels.reduce((x, filters, stage) => {
    const name = `stage${stage + 1}`;
    const layers = [
      ...(stage > 0 ? [tfl.layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` })] : []),
      tfl.layers.conv2d({
        filters,
        kernelSize: 3,
        padding: 'same',
        useBias: false, // batch normalisation has one
        kernelInitializer: seeds.he(`${name}_convolution`),
        name: `${name}_convolution`,
      }),
      batchNormalization({ name: `${name}_normalization` }),
      tfl.layers.reLU({ name: `${name}_activation` }),
    ];
    return layers.reduce((y, layer) => layer.apply(y) as tfl.SymbolicTensor, x);
  }, input);
  const pooled = tfl.layers.globalAveragePooling2d({ name: 'pool' }).apply(output) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: pooled, name: 'clip_features' });
}
