import { compile } from '@crossmodal/core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { arcFace, crossEntropy, proxyNca } from '../src/index.js';
import { compiles, useTestBackend } from './backend.js';

useTestBackend('cpu');

describe.runIf(compiles)('a label that is no class, where it cannot be read', () => {
  const losses: [string, (labels: Tensor1D) => Tensor][] = [
    ['crossEntropy', (labels) => crossEntropy(tf.eye(2, 3), labels)],
    ['proxyNca', (labels) => proxyNca(tf.eye(2, 3), labels, tf.eye(3))],
    ['arcFace', (labels) => arcFace(tf.eye(2, 3), labels, tf.eye(3))],
  ];
  it.each(losses)('makes the loss NaN: %s', (_, loss) => {
    const step = compile((labels: Tensor1D) => tf.sum(loss(labels)));
    for (let i = 0; i < 4; i++) expect(step(tf.tensor1d([0, 2])).dataSync()[0]).not.toBeNaN();
    for (const bad of [3, -1, 1.5, Number.NaN]) expect(step(tf.tensor1d([0, bad])).dataSync()[0]).toBeNaN();
    step.dispose();
  });
});
