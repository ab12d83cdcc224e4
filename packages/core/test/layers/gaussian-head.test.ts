import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gaussianHead, LayerSeeds } from '../../src/layers/index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const head = (seed = 1) => gaussianHead({ features: 3, dimension: 2, seeds: new LayerSeeds(seed, 'example') });

describe('gaussianHead', () => {
  it('is one dense layer, the first half the mean, the second the log variance', () => {
    const { apply, namedVariables, dispose } = head();
    const [kernel, bias] = Object.values(namedVariables());
    bias!.assign(tf.tensor1d([1, 2, 3, 4]));
    const x = tf.tensor2d([[0.5, -1, 2]]);
    const { mean, logVariance } = apply(x);
    const sums = tf.add(tf.matMul(x, kernel as unknown as tf.Tensor2D), bias!).dataSync();
    expect([...mean.dataSync(), ...logVariance.dataSync()]).toBeAllclose([...sums]);
    dispose();
  });

  it('keeps the log variance within 12 of zero, where its gradient ends, and the mean free', () => {
    const { apply, namedVariables, dispose } = head();
    const [kernel, bias] = Object.values(namedVariables());
    kernel!.assign(tf.zerosLike(kernel!));
    bias!.assign(tf.tensor1d([-100, 100, -100, 11.5]));
    const x = tf.ones([1, 3]) as tf.Tensor2D;
    const { mean, logVariance } = apply(x);
    expect([...mean.dataSync()]).toEqual([-100, 100]);
    expect([...logVariance.dataSync()]).toEqual([-12, 11.5]);
    expect(Math.exp(12 / 2)).toBeCloseTo(403.43, 2);
    const { grads } = tf.variableGrads(() => tf.sum(apply(x).logVariance) as tf.Scalar, [bias!]);
    expect([...Object.values(grads)[0]!.dataSync()]).toEqual([0, 0, 0, 1]);
    dispose();
  });

  it('draws its weights from the seeds, and refuses widths that are none', () => {
    const [one, same, other] = [head(1), head(1), head(2)].map(({ namedVariables }) => [
      ...Object.values(namedVariables())[0]!.dataSync(),
    ]);
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    const seeds = new LayerSeeds(1, 'example');
    expect(() => gaussianHead({ features: 0, dimension: 2, seeds })).toThrow(
      'gaussianHead: features must be an integer',
    );
    expect(() => gaussianHead({ features: 3, dimension: 1.5, seeds })).toThrow(
      'gaussianHead: dimension must be an integer',
    );
  });
});
