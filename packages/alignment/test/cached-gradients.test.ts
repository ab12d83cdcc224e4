import { defineEncoder, type Encoder } from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import { adam, sgd } from '@crossmodal/core/optimisers';
import { cachedGradientStep, clipByNorm, trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { type DualEncoder, type DualEncoderBatch, dualEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { featureEncoder, views } from './synthetic.js';

useTestBackend('cpu');

type Pair = 'image' | 'text';
const build = () =>
  dualEncoder({
    encoders: { image: featureEncoder('image', 10, 12, 1), text: featureEncoder('text', 14, 8, 11) },
    dimension: 6,
    seed: 2,
  });

function batchOf(rows: number, seed: number): DualEncoderBatch<Pair> {
  const [image, text] = views(rows, { seed }) as [Tensor2D, Tensor2D];
  return { image: { features: image }, text: { features: text } };
}

/** Gradients as a plain SGD step of rate 1 shows them: before minus after. */
function gradientsOf(model: DualEncoder<Pair>, run: () => void): Record<string, tf.Tensor> {
  const copy = () => Object.fromEntries(Object.entries(model.namedVariables()).map(([name, v]) => [name, tf.clone(v)]));
  const before = copy();
  run();
  return Object.fromEntries(
    Object.entries(copy()).map(([name, after]) => [name, tf.sub(before[name] as tf.Tensor, after)]),
  );
}

describe('cachedGradientStep', () => {
  it.each([
    ['equal chunks', 8, {}],
    ['a rest', 7, {}],
    ['one row at a time', 1, {}],
    ['groups and missing samples', 5, { groups: tf.util.createShuffledIndices(24), present: true }],
  ])('has the gradients of the whole batch: %s', (_, chunkSize, extras) => {
    const batch = batchOf(24, 3);
    if ('groups' in extras) {
      Object.assign(batch, {
        groups: tf.tensor1d(
          Array.from({ length: 24 }, (_v, i) => i % 20),
          'int32',
        ),
        present: { text: tf.tensor1d(Array.from({ length: 24 }, (_v, i) => (i % 5 === 0 ? 0 : 1))) as Tensor1D },
      });
    }
    const whole = build();
    const wholeStep = trainStep<DualEncoderBatch<Pair>>(whole, { optimizer: sgd({ learningRate: 1 }) });
    let expectedLoss: tf.Scalar | undefined;
    const expected = gradientsOf(whole, () => {
      expectedLoss = wholeStep.run(batch)['loss'];
    });
    const cached = build();
    const step = cachedGradientStep(cached, { optimizer: sgd({ learningRate: 1 }), chunkSize });
    let metrics: Record<string, tf.Scalar> = {};
    const actual = gradientsOf(cached, () => {
      metrics = step.run(batch);
    });
    expect(Object.keys(metrics).sort()).toEqual(['image-text', 'loss', 'spread/image', 'spread/text', 'temperature']);
    expect(metrics['loss'] as tf.Scalar).toBeAllclose(expectedLoss as tf.Scalar, { rtol: 1e-6 });
    for (const [name, gradient] of Object.entries(expected)) {
      expect(tf.max(tf.abs(gradient)).dataSync()[0], name).toBeGreaterThan(1e-5);
      expect(actual[name] as tf.Tensor, name).toBeAllclose(gradient, { rtol: 1e-5, atol: 1e-5 });
    }
    step.dispose();
  });

  it('stays equal over several steps of Adam with clipping', () => {
    const run = (cachedSize: number | undefined) => {
      const model = build();
      const optimizer = adam({ learningRate: 1e-2 });
      const step = cachedSize
        ? cachedGradientStep(model, { optimizer, chunkSize: cachedSize, transforms: [clipByNorm(0.5)] })
        : trainStep<DualEncoderBatch<Pair>>(model, { optimizer, transforms: [clipByNorm(0.5)] });
      const losses = [1, 2, 3, 4].map((seed) => {
        const metrics = step.run(batchOf(12, seed));
        return [metrics['loss'], metrics['gradientNorm']].map(
          (scalar) => (scalar as tf.Scalar).dataSync()[0] as number,
        );
      });
      expect(step.hostState?.()).toEqual({ runs: 4, updates: 4 });
      return losses;
    };
    expect(run(5)).toBeAllclose(run(undefined), { rtol: 1e-4, atol: 1e-5 });
  });

  it('draws the same dropout in both passes', () => {
    // With a linear encoder and dropout, the gradient of the projection is z^T g only if both passes drop the same units.
    const noisy = (modality: string, features: number): Encoder<number[]> => {
      const input = tfl.input({ shape: [features] });
      const output = dropoutLayer({ rate: 0.5, seed: 4 }).apply(input) as tfl.SymbolicTensor;
      return defineEncoder<number[]>({
        modality,
        model: tfl.model({ inputs: input, outputs: output }),
        inputs: ['features'],
        prepare: async (items) => ({ features: tf.tensor2d([...items]) }),
      });
    };
    const model = dualEncoder({
      encoders: { image: noisy('image', 10), text: noisy('text', 14) },
      dimension: 6,
      seed: 2,
    });
    const seen: Record<Pair, number[][]> = { image: [], text: [] };
    const spy: typeof model = {
      ...model,
      embedBatch: (batch, options) => {
        const rows = model.embedBatch(batch, options);
        for (const name of ['image', 'text'] as const) seen[name].push(Array.from((rows[name] as Tensor2D).dataSync()));
        return rows;
      },
    };
    const step = cachedGradientStep(spy, { optimizer: sgd({ learningRate: 0 }), chunkSize: 4, compile: false });
    step.run(batchOf(8, 5));
    step.run(batchOf(8, 5));
    for (const calls of Object.values(seen)) {
      expect(calls).toHaveLength(8);
      const [first, second, firstAgain, secondAgain, nextStep] = calls as [
        number[],
        number[],
        number[],
        number[],
        number[],
      ];
      expect(firstAgain).toEqual(first);
      expect(secondAgain).toEqual(second);
      expect(nextStep).not.toEqual(first);
    }
  });

  it('needs the memory of a chunk', async () => {
    const wide = () => {
      const encoder = (modality: string, features: number, seed: number) => {
        const input = tfl.input({ shape: [features] });
        let x = input;
        for (const [i, units] of [64, 64, 64, 8].entries()) {
          x = tfl.layers
            .dense({ units, activation: 'tanh', kernelInitializer: tfl.initializers.glorotUniform({ seed: seed + i }) })
            .apply(x) as typeof x;
        }
        return defineEncoder<number[]>({
          modality,
          model: tfl.model({ inputs: input, outputs: x }),
          inputs: ['features'],
          prepare: async (items) => ({ features: tf.tensor2d([...items]) }),
        });
      };
      return dualEncoder({
        encoders: { image: encoder('image', 10, 1), text: encoder('text', 14, 9) },
        dimension: 6,
        seed: 2,
        // Without the batch x batch matrix of InfoNCE, which both need alike.
        pairLoss: (a, b) => tf.mean(tf.squaredDifference(a, b)) as tf.Scalar,
      });
    };
    const batch = batchOf(256, 6);
    const peak = async (chunkSize: number | undefined) => {
      const model = wide();
      const optimizer = sgd({ learningRate: 0.1 });
      const step = chunkSize
        ? cachedGradientStep(model, { optimizer, chunkSize, compile: false })
        : trainStep<DualEncoderBatch<Pair>>(model, { optimizer, compile: false });
      tf.dispose(step.run(batch));
      const base = tf.memory().numBytes;
      const { peakBytes } = await tf.profile(() => step.run(batch));
      step.dispose();
      return peakBytes - base;
    };
    const whole = await peak(undefined);
    const cached = await peak(16);
    expect(cached).toBeLessThan(whole / 4);
  });

  it('refuses impossible settings and leaks nothing', async () => {
    const model = build();
    const optimizer = sgd({ learningRate: 0.1 });
    expect(() => cachedGradientStep(model, { optimizer, chunkSize: 0 })).toThrow(
      'chunkSize must be an integer of at least 1, got 0',
    );
    const step = cachedGradientStep(model, { optimizer, chunkSize: 3 });
    const batch = batchOf(8, 7);
    const uneven = { image: batch.image, text: batchOf(7, 7).text } as DualEncoderBatch<Pair>;
    expect(() => step.run(uneven)).toThrow('image/features 8, text/features 7');
    expect(() => step.run({ image: batch.image } as DualEncoderBatch<Pair>)).toThrow('at least two modalities');
    const wrong = tf.zeros([3]) as Tensor1D;
    await expectNoLeak(() => step.run(batch));
    await expectNoLeakWhenThrowing(() => step.run(uneven), 'image/features 8, text/features 7');
    await expectNoLeakWhenThrowing(() => step.run({ ...batch, groups: wrong }), 'groups 3');
    step.dispose();
  });
});
