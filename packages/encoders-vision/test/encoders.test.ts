import { CrossmodalError, Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { convolutionalEncoder, type Image, linearEncoder, randomCrop } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

/** Stripes that run down (0) or across (1), at a phase of their own. */
function stripes(kind: number, phase: number): Image {
  const data = Float32Array.from({ length: 16 * 16 * 3 }, (_, i) => {
    const place = Math.floor(i / 3);
    return (Math.floor((kind === 0 ? place % 16 : place / 16) / 2) + phase) % 2 === 0 ? 1 : 0;
  });
  return { data, shape: [16, 16, 3] };
}

const small = { size: 16, channels: [8, 16], dimension: 6, seed: 3 };

describe('convolutionalEncoder', () => {
  it('prepares and encodes, the same for the same seed', async () => {
    const [a, b, c] = [
      convolutionalEncoder(small),
      convolutionalEncoder(small),
      convolutionalEncoder({ ...small, seed: 4 }),
    ];
    const inputs = await a.prepare([stripes(0, 0), stripes(1, 1)]);
    expect(inputs['pixels']?.shape).toEqual([2, 16, 16, 3]);
    const [x, y, z] = [a, b, c].map((encoder) => encoder.encode(inputs));
    expect(x?.shape).toEqual([2, 6]);
    expect(x).toBeAllclose(y as tf.Tensor, { atol: 0, rtol: 0 });
    expect(tf.max(tf.abs(tf.sub(x as tf.Tensor, z as tf.Tensor))).dataSync()[0]).toBeGreaterThan(1e-3);
    expect(Object.keys(a.namedVariables())).toEqual(Object.keys(c.namedVariables()));
    expect(Object.keys(a.namedVariables())).toContain('stage2_block1_convolution/kernel');
    tf.dispose([inputs, x, y, z] as tf.Tensor[]);
    for (const encoder of [a, b, c]) encoder.dispose();
  });

  it('gives one vector per place, whose mean is the vector of the picture', async () => {
    const encoder = convolutionalEncoder({ ...small, blocks: 2 });
    const inputs = await encoder.prepare([stripes(0, 0)]);
    const whole = encoder.encode(inputs);
    const { sequence } = encoder.encodeSequence!(inputs);
    expect(sequence.shape).toEqual([1, 64, 6]);
    expect(tf.mean(sequence, 1)).toBeAllclose(whole, { atol: 1e-5 });
    encoder.dispose();
  });

  it('learns to tell stripes that run down from stripes that run across', async () => {
    const encoder = convolutionalEncoder({ ...small, dimension: 1, dropout: 0.1 });
    const items = Array.from({ length: 16 }, (_, i) => stripes(i % 2, i >> 1));
    const inputs = await encoder.prepare(items);
    const targets = tf.tensor2d(items.map((_, i) => [i % 2 === 0 ? -1 : 1]));
    const step = trainStep(
      {
        loss: (batch: { pixels: tf.Tensor }) =>
          tf.mean(tf.squaredDifference(encoder.encode(batch, { training: true }), targets)) as tf.Scalar,
        variables: () => encoder.trainableVariables(),
      },
      { optimizer: adam({ learningRate: 0.01 }) },
    );
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) {
      const metrics = step.run({ pixels: inputs['pixels']! });
      losses.push((await metrics['loss']!.data())[0] as number);
      tf.dispose(metrics);
    }
    expect(losses.at(-1)).toBeLessThan(0.1 * (losses[0] as number));
    const signs = Array.from(await encoder.encode(inputs).data(), Math.sign);
    expect(signs).toEqual(items.map((_, i) => (i % 2 === 0 ? -1 : 1)));
    step.dispose();
    encoder.dispose();
  });

  it('augments training batches only, the same for the same generator', async () => {
    const encoder = convolutionalEncoder({ ...small, augment: (picture, random) => randomCrop(picture, { random }) });
    const items = [stripes(0, 0), stripes(0, 0)];
    const values = async (options?: { training?: boolean; random?: Random }) => {
      const { pixels } = await encoder.prepare(items, options);
      const data = await pixels!.data();
      pixels!.dispose();
      return data as Float32Array;
    };
    const plain = await values();
    const changed = await values({ training: true, random: new Random(5) });
    expect(changed).not.toEqual(plain);
    expect(changed).toEqual(await values({ training: true, random: new Random(5) }));
    expect(changed).not.toEqual(await values({ training: true, random: new Random(6) }));
    expect(changed.subarray(0, 768)).not.toEqual(changed.subarray(768));
    await expect(values({ training: true })).rejects.toThrow(
      /augmentation needs options.random; in a pipeline pass on what it gives, rows.map\(\(row, \{ random \}\)/,
    );
    encoder.dispose();
  });

  it('leaks nothing, and its disposal frees all', async () => {
    const before = tf.memory().numTensors;
    const encoder = convolutionalEncoder(small);
    const inputs = await encoder.prepare([stripes(0, 0)]);
    await expectNoLeak(() => encoder.encode(inputs));
    await expectNoLeak(() => encoder.encodeSequence!(inputs).sequence);
    await expectNoLeakWhenThrowing(
      () => encoder.encode({ wrong: inputs['pixels']! }),
      'encode: the image encoder needs the inputs pixels',
    );
    tf.dispose(inputs);
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses what it cannot build, with the values', () => {
    expect(() => convolutionalEncoder({ size: 4, channels: [1, 2, 3, 4], dimension: 2, seed: 1 })).toThrow(
      /a side of 4 can be halved for at most 3 stages, got 4; give fewer channels/,
    );
    expect(() => convolutionalEncoder({ ...small, dimension: 0 })).toThrow(/dimension must be .* got 0/);
    expect(() => convolutionalEncoder({ ...small, channels: [1.5] })).toThrow(/channels must be .* got 1.5/);
    expect(() => convolutionalEncoder({ ...small, channels: [] })).toThrow(CrossmodalError);
  });
});

describe('linearEncoder', () => {
  it('is y = W x + b', async () => {
    const encoder = linearEncoder({ features: 3, dimension: 2, seed: 1 });
    const inputs = await encoder.prepare([[1, 0, 0], Float32Array.from([0, 1, 2])]);
    const { 'output/kernel': kernel, 'output/bias': bias } = encoder.namedVariables();
    bias!.assign(tf.tensor1d([0.5, -0.5]));
    const w = await kernel!.data();
    const expected = [0, 1].map((row) =>
      [0, 1].map((k) => (row === 0 ? w[k]! : w[2 + k]! + 2 * w[4 + k]!) + (k === 0 ? 0.5 : -0.5)),
    );
    expect(encoder.encode(inputs)).toBeAllclose(expected, { atol: 1e-6 });
    await expect(encoder.prepare([[1, 2]])).rejects.toThrow(/must have 3 values, got 2 in number 1/);
    encoder.dispose();
  });
});
