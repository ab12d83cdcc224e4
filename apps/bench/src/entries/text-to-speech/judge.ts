import {
  disposeVariables,
  type Encoder,
  type Inputs,
  type LossTerms,
  namedVariables,
  prefixed,
  type Trainable,
} from '@crossmodal/core';
import { type AudioItem, spectrogramEncoder } from '@crossmodal/encoders-audio';
import { crossEntropy } from '@crossmodal/losses';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

export interface JudgeBatch {
  inputs: Inputs;
  digits: Tensor1D;
}

/** Hears which digit is said; knows nothing of the model that speaks. */
export interface DigitJudge extends Trainable<JudgeBatch> {
  encoder: Encoder<AudioItem>;
  /** The digit of each recording. */
  hear(items: readonly AudioItem[]): Promise<number[]>;
  dispose(): void;
}

/** A convolutional classifier of recordings of one second. */
export function digitJudge({
  channels,
  seconds,
  seed,
}: {
  channels: number[];
  seconds: number;
  seed: number;
}): DigitJudge {
  const dimension = 64;
  const encoder = spectrogramEncoder({ sampleRate: 8000, seconds, bands: 40, channels, dimension, dropout: 0.2, seed });
  const head = tfl.layers.dense({
    units: 10,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: seed + 1 }),
    name: 'head',
  });
  tf.tidy(() => head.build([null, dimension]));
  const logits = (inputs: Inputs, training: boolean) =>
    head.apply(tf.relu(encoder.encode(inputs, { training }))) as Tensor2D;
  return {
    encoder,
    loss: ({ inputs, digits }, { training = false } = {}): LossTerms =>
      tf.tidy(() => ({ loss: crossEntropy(logits(inputs, training), digits) })),
    async hear(items) {
      const heard: number[] = [];
      for (let from = 0; from < items.length; from += 100) {
        const inputs = await encoder.prepare(items.slice(from, from + 100));
        const best = tf.tidy(() => tf.argMax(logits(inputs, false), 1));
        heard.push(...(await best.data()));
        tf.dispose([inputs, best]);
      }
      return heard;
    },
    namedVariables: () => ({
      ...prefixed('encoder', encoder.namedVariables()),
      ...prefixed('head', namedVariables(head)),
    }),
    dispose() {
      encoder.dispose();
      // Not the layer's own: it was never part of a model.
      disposeVariables(namedVariables(head));
    },
  };
}
