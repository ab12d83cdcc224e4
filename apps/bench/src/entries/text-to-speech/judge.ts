import { classifier, type LabelledBatch } from '@crossmodal/adaptation';
import { Random } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import { type AudioItem, addNoise, spectrogramEncoder, timeShift, type Waveform } from '@crossmodal/encoders-audio';
import * as tf from '@tensorflow/tfjs-core';
import type { SpokenDigit } from '../../data/spoken-digits.js';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainToEnd } from '../shared/train.js';
import { type Recordings, readRecordings, recordingInputs } from '../speech/recordings.js';

/** Hears which digit is said; knows nothing of the model that speaks. */
export interface DigitJudge {
  /** The digit of each recording. */
  hear(items: readonly AudioItem[]): Promise<number[]>;
  dispose(): void;
}

export interface DigitJudgeSettings {
  channels: number[];
  epochs: number;
  /** Recordings are cut to so many. */
  seconds: number;
}

/** How many variants there are of each recording. */
const ways = 4;

/** A recording as it is (way 0), or moved in time by up to a tenth of a second, every second time with noise. */
function varied({ samples, sampleRate }: Waveform, { way, random }: { way: number; random: Random }): Waveform {
  if (way === 0) return { samples, sampleRate };
  const moved = timeShift(samples, { random, maximum: sampleRate / 10 });
  return { samples: way % 2 === 0 ? moved : addNoise(moved, { random, minimum: 10, maximum: 40 }), sampleRate };
}

/**
 * Trains a convolutional classifier on recordings: as they are, moved in time, with noise, with stretches of time and bands blotted
 * out. Its windows are longer than those of the model that speaks.
 */
export async function digitJudge(
  recordings: readonly Pick<SpokenDigit, 'waveform' | 'digit'>[],
  { channels, epochs, seconds }: DigitJudgeSettings,
  { seed, follow }: { seed: number; follow: (label: string, steps: number) => Followed },
): Promise<DigitJudge> {
  const encoder = spectrogramEncoder({
    ...{ sampleRate: 8000, seconds, bands: 32, hopLength: 128, windowLength: 256, offset: 1e-4 },
    ...{ channels, dimension: 64, dropout: 0.2, seed },
  });
  const model = classifier({ encoder, classes: 10, hidden: [64], seed });
  const variants: Recordings[] = [];
  for (let way = 0; way < ways; way++) {
    const random = new Random(seed).fork(`way ${way}`);
    const items = recordings.map(({ waveform }, i) => varied(waveform, { way, random: random.fork(i) }));
    variants.push(await readRecordings(encoder, items));
  }
  const data = batchesOf<LabelledBatch>(
    recordings.length,
    async (indices, random) => ({
      inputs: recordingInputs(variants[random.integer(ways)]!, indices, random),
      labels: tf.tensor1d(
        indices.map((index) => recordings[index]!.digit),
        'int32',
      ),
    }),
    { batchSize: 32, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const optimizer = adamW({ learningRate: cosine({ from: 3e-3, steps }), weightDecay: 0.01 });
  await trainToEnd(model, optimizer, data, { epochs, ...follow('recogniser', steps) });
  return {
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
