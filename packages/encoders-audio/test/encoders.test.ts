import { fileURLToPath } from 'node:url';
import { type Encoder, type Inputs, Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type AudioItem,
  audioTransformerEncoder,
  encodeWav,
  fitLength,
  loadWaveform,
  logMel,
  resample,
  specAugment,
  spectrogramEncoder,
  timeShift,
  waveformEncoder,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { folder, signal } from './cases.js';

useTestBackend('cpu');

const wav = (name: string) => fileURLToPath(new URL(`wav/${name}.wav`, folder));
const rate = 2000;
const common = { sampleRate: rate, seconds: 0.1, dimension: 4, seed: 5 };
const spectra = { ...common, fftSize: 64, hopLength: 16, bands: 8 };
const kinds: Record<string, () => Encoder<AudioItem>> = {
  waveform: () => waveformEncoder({ ...common, channels: [6, 8] }),
  spectrogram: () => spectrogramEncoder({ ...spectra, channels: [6, 8] }),
  transformer: () => audioTransformerEncoder({ ...spectra, layers: 1, heads: 2, dropout: 0 }),
};

/** A tone of one of two frequencies, at a phase of its own. */
function tone(kind: number, phase: number, length = 200) {
  const frequency = kind === 0 ? 120 : 480;
  const samples = Float32Array.from({ length }, (_, n) => 0.5 * Math.sin((2 * Math.PI * frequency * n) / rate + phase));
  return { samples, sampleRate: rate };
}

function clear(inputs: Inputs) {
  tf.dispose(Object.values(inputs));
}

describe.each(Object.keys(kinds))('the %s encoder', (kind) => {
  const make = kinds[kind]!;

  it('encodes files, bytes and samples alike, the same for the same seed', async () => {
    const [encoder, twin] = [make(), make()];
    const waveform = await loadWaveform(wav('0_george_0'));
    const exact = encodeWav(waveform, { encoding: 'float32' });
    const inputs = await encoder.prepare([wav('0_george_0'), waveform, exact]);
    const vectors = encoder.encode(inputs);
    expect(vectors.shape).toEqual([3, 4]);
    const [first, second, third] = (await vectors.array()) as number[][];
    expect(second).toBeAllclose(first!, { atol: 1e-6 });
    expect(third).toBeAllclose(first!, { atol: 1e-6 });
    const again = twin.encode(inputs);
    expect(again).toBeAllclose(vectors, { atol: 1e-6 });
    expect(Object.keys(encoder.namedVariables())).toEqual(Object.keys(twin.namedVariables()));
    tf.dispose([vectors, again]);
    clear(inputs);
    encoder.dispose();
    twin.dispose();
  });

  it('learns to tell two tones apart', async () => {
    const encoder = make();
    const items = Array.from({ length: 12 }, (_, i) => tone(i % 2, i));
    const inputs = await encoder.prepare(items);
    const targets = tf.tensor2d(items.map((_, i) => Array.from({ length: 4 }, (_, k) => (i % 2 === k % 2 ? -1 : 1))));
    const step = trainStep(
      {
        loss: (batch: Inputs) =>
          tf.mean(tf.squaredDifference(encoder.encode(batch, { training: true }), targets)) as tf.Scalar,
        variables: () => encoder.trainableVariables(),
      },
      { optimizer: adam({ learningRate: 0.02 }) },
    );
    const losses: number[] = [];
    for (let i = 0; i < 40; i++) {
      const metrics = step.run(inputs);
      losses.push((await metrics['loss']!.data())[0] as number);
      tf.dispose(metrics);
    }
    expect(losses.at(-1)).toBeLessThan(0.2 * (losses[0] as number));
    // Tones of phases that were not seen.
    const fresh = await encoder.prepare([tone(0, 0.5), tone(1, 0.5), tone(1, 2.5), tone(0, 2.5)]);
    const vectors = (await encoder.encode(fresh).array()) as number[][];
    expect(vectors.map((row) => row.map(Math.sign))).toEqual(
      [0, 1, 1, 0].map((kind) => (kind === 0 ? [-1, 1, -1, 1] : [1, -1, 1, -1])),
    );
    step.dispose();
    clear(inputs);
    encoder.dispose();
  });

  it('gives vectors over time, leaks nothing, and its disposal frees all', async () => {
    const before = tf.memory().numTensors;
    const encoder = make();
    const inputs = await encoder.prepare([tone(0, 0), tone(1, 0)]);
    const { sequence, mask } = encoder.encodeSequence!(inputs);
    expect([sequence.shape[0], sequence.shape[2]]).toEqual([2, 4]);
    const vectors = encoder.encode(inputs);
    const mean = tf.mean(sequence, 1);
    expect(mean).toBeAllclose(vectors, { atol: 1e-5 });
    expect(mask?.shape).toEqual(kind === 'transformer' ? [2, 13] : undefined);
    tf.dispose([sequence, vectors, mean]);
    await expectNoLeak(() => encoder.encode(inputs));
    await expectNoLeak(async () => Object.values(await encoder.prepare([tone(0, 0)])));
    await expectNoLeakWhenThrowing(
      async () => Object.values(await encoder.prepare([tone(0, 0), 'absent.wav'])),
      'readWav: absent.wav does not exist; check the path',
    );
    await expect(encoder.prepare(['absent.wav'])).rejects.toThrow(/absent\.wav does not exist/);
    clear(inputs);
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('preparation', () => {
  it('brings recordings to rate and length: short ones padded, long ones cut to the middle', async () => {
    const encoder = waveformEncoder({ ...common, channels: [2] });
    const long = { samples: signal(500), sampleRate: rate };
    const short = { samples: signal(50), sampleRate: rate };
    const faster = { samples: signal(800), sampleRate: 4 * rate };
    const { waveform } = await encoder.prepare([long, short, faster]);
    const rows = (await waveform!.array()) as number[][];
    expect(rows[0]).toBeAllclose([...long.samples.subarray(150, 350)], { atol: 1e-7 });
    expect(rows[1]).toBeAllclose([...short.samples, ...new Array<number>(150).fill(0)], { atol: 1e-7 });
    expect(rows[2]).toBeAllclose([...resample(faster.samples, { from: 4 * rate, to: rate })], { atol: 1e-7 });
    waveform!.dispose();
    encoder.dispose();
  });

  it('cuts and augments training batches at random, the same for the same generator', async () => {
    const encoder = waveformEncoder({
      ...common,
      channels: [2],
      augmentWaveform: (samples, random) => timeShift(samples, { random, maximum: 20 }),
    });
    const items = [{ samples: signal(500), sampleRate: rate }, tone(0, 0)];
    const values = async (seed?: number) => {
      const options = seed === undefined ? {} : { training: true, random: new Random(seed) };
      const { waveform } = await encoder.prepare(items, options);
      const rows = (await waveform!.array()) as number[][];
      waveform!.dispose();
      return rows;
    };
    const [plain, one, two] = [await values(), await values(1), await values(2)];
    expect(one).toEqual(await values(1));
    for (const row of [0, 1]) {
      expect(one[row]).not.toEqual(plain[row]);
      expect(one[row]).not.toEqual(two[row]);
    }
    await expect(encoder.prepare(items, { training: true })).rejects.toThrow(/augmentation needs options.random/);
    encoder.dispose();
  });

  it('standardises each clip, pads with zeros after that, and masks what it padded', async () => {
    const encoder = audioTransformerEncoder({ ...spectra, layers: 1, heads: 1 });
    const inputs = await encoder.prepare([tone(0, 0, 100), { samples: new Float32Array(200), sampleRate: rate }]);
    const [first, silent] = (await inputs['features']!.array()) as number[][][];
    const masks = (await inputs['mask']!.array()) as number[][];
    expect(masks).toEqual([
      [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
      [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ]);
    const real = first!.slice(0, 7).flat();
    const mean = real.reduce((sum, v) => sum + v, 0) / real.length;
    const variance = real.reduce((sum, v) => sum + (v - mean) ** 2, 0) / real.length;
    expect(mean).toBeCloseTo(0, 5);
    expect(variance).toBeCloseTo(1, 4);
    expect(
      first!
        .slice(7)
        .flat()
        .every((v) => v === 0),
    ).toBe(true);
    expect(silent!.flat().every((v) => Math.abs(v) < 0.1)).toBe(true);
    clear(inputs);
    encoder.dispose();
  });

  it('the transformer does not see its padding', async () => {
    const encoder = audioTransformerEncoder({ ...spectra, layers: 2, heads: 2 });
    const inputs = await encoder.prepare([tone(0, 0, 100)]);
    const a = encoder.encode(inputs);
    const noise = tf.mul(tf.sub(1, tf.expandDims(inputs['mask']!, 2)), 3);
    const b = encoder.encode({ features: tf.add(inputs['features']!, noise), mask: inputs['mask']! });
    expect(b).toBeAllclose(a, { atol: 1e-5 });
    const unmasked = encoder.encode({ features: inputs['features']!, mask: tf.onesLike(inputs['mask']!) });
    expect(tf.max(tf.abs(tf.sub(unmasked, a))).dataSync()[0]).toBeGreaterThan(1e-3);
    encoder.dispose();
  });

  it('masks features with specAugment when training, and takes fixed statistics', async () => {
    const encoder = spectrogramEncoder({
      ...spectra,
      channels: [2],
      standardize: { mean: -3, standardDeviation: 2 },
      augmentFeatures: (features, random) =>
        specAugment(features, { random, frequencyMasks: 1, frequencyWidth: 8, timeMasks: 0, value: 9 }),
    });
    const plain = await encoder.prepare([tone(0, 0)]);
    const { seconds: _seconds, dimension: _dimension, seed: _seed, ...features } = spectra;
    const mel = logMel(tone(0, 0).samples, { ...features, padding: 'zeros' });
    expect(await plain['features']!.data()).toBeAllclose(
      mel.data.map((v) => (v + 3) / 2),
      { atol: 1e-5 },
    );
    const seen = new Set<number>();
    for (let seed = 0; seed < 8; seed++) {
      const inputs = await encoder.prepare([tone(0, 0)], { training: true, random: new Random(seed) });
      seen.add((await inputs['features']!.data()).filter((v) => v === 9).length / 13);
      clear(inputs);
    }
    expect(seen.size).toBeGreaterThan(2);
    clear(plain);
    encoder.dispose();
  });

  it('refuses what it cannot do, with the values', async () => {
    expect(() => waveformEncoder({ ...common, seconds: 0.001, channels: [2, 2, 2] })).toThrow(
      /2 samples are too few for 3/,
    );
    expect(() => waveformEncoder({ ...common, seconds: 0 })).toThrow(/seconds must be a positive number, got 0/);
    expect(() => spectrogramEncoder({ ...spectra, bands: 2, channels: [2, 2, 2] })).toThrow(
      /13 frames of 2 bands are too few/,
    );
    expect(() => audioTransformerEncoder({ ...spectra, heads: 3 })).toThrow(/heads must divide dimension, got 3 and 4/);
    await expect(loadWaveform({ samples: new Float32Array(0), sampleRate: 8000 })).rejects.toThrow(
      /at least one value, got none/,
    );
    await expect(loadWaveform({ samples: Float32Array.from([0, Number.NaN]), sampleRate: 8000 })).rejects.toThrow(
      /finite, got NaN at 1/,
    );
    expect([...fitLength(Float32Array.from([1, 2, 3, 4]), 2, { start: 2 })]).toEqual([3, 4]);
  });
});
