import { classifier, type EncoderClassifier } from '@crossmodal/adaptation';
import type { Encoder } from '@crossmodal/core';
import { type AudioItem, spectrogramEncoder } from '@crossmodal/encoders-audio';
import * as tf from '@tensorflow/tfjs-core';

/** Hears which digit is said; knows nothing of the model that speaks. */
export interface DigitJudge {
  encoder: Encoder<AudioItem>;
  model: EncoderClassifier;
  /** The digit of each recording. */
  hear(items: readonly AudioItem[]): Promise<number[]>;
  dispose(): void;
}

/** A convolutional classifier of recordings. */
export function digitJudge({
  channels,
  seconds,
  seed,
}: {
  channels: number[];
  seconds: number;
  seed: number;
}): DigitJudge {
  const encoder = spectrogramEncoder({
    ...{ sampleRate: 8000, seconds, bands: 40, channels, dimension: 64, dropout: 0.2, seed },
  });
  const model = classifier({ encoder, classes: 10, hidden: [64], seed });
  return {
    encoder,
    model,
    async hear(items) {
      const digits: number[] = [];
      for (let from = 0; from < items.length; from += 100) {
        const inputs = await encoder.prepare(items.slice(from, from + 100));
        const best = tf.tidy(() => tf.argMax(model.classify(inputs), 1));
        digits.push(...(await best.data()));
        tf.dispose([inputs, best]);
      }
      return digits;
    },
    dispose: () => model.dispose(),
  };
}
