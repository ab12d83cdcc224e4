import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';
import { noise, orthonormal } from './closed-form.js';

useTestBackend();

describe('gradients in closed form', () => {
  it('cosine losses: none for a zero vector, whatever the other side says', () => {
    tf.tidy(() => {
      const withZeroRow = tf.mul(noise(4, 3, 1), tf.tensor2d([[1], [0], [1], [1]])) as Tensor2D;
      for (const loss of [losses.infoNce, losses.ntXent, losses.sigLip, losses.vsePlusPlus, losses.alignmentLoss]) {
        const gradient = tf.grad((x) => loss(x as Tensor2D, noise(4, 3, 2)) as Scalar)(withZeroRow);
        const sizes = tf.sum(tf.abs(gradient), 1).dataSync();
        expect(sizes[1]).toBe(0);
        expect(Math.max(...sizes)).toBeGreaterThan(0.01);
      }
    });
  });

  it('infoNce: (softmax - 1) / tau at the matched similarities', () => {
    tf.tidy(() => {
      // For the dot product and b = I, d L / d a = (softmax(a / tau) - I) / (B tau).
      const a = noise(4, 4, 1);
      const f = (x: Tensor2D) =>
        losses.infoNce(x, orthonormal(4), { similarity: 'dot', temperature: 0.5, symmetric: false });
      const expected = tf.div(tf.sub(tf.softmax(tf.div(a, 0.5)), orthonormal(4)), 4 * 0.5);
      expect(tf.grad((x) => f(x as Tensor2D))(a)).toBeAllclose(expected, { rtol: 1e-5, atol: 1e-7 });
    });
  });

  it('circleLoss: with its weights held constant', () => {
    tf.tidy(() => {
      const x = noise(6, 5, 3);
      const pairs = losses.pairsByLabel([0, 1, 2, 0, 1, 2]);
      const similarities = losses.cosineSimilarity(x, x);
      const weightOfPositives = tf.relu(tf.sub(1.4, similarities));
      const weightOfNegatives = tf.relu(tf.add(similarities, 0.4));
      const constantWeights = (z: Tensor2D) => {
        const s = losses.cosineSimilarity(z, z);
        const sumExp = (mask: Tensor2D, logits: Tensor) => tf.sum(tf.mul(mask, tf.exp(logits)), 1);
        const pull = sumExp(pairs.positive, tf.mul(tf.mul(-8, weightOfPositives), tf.sub(s, 0.6)));
        const push = sumExp(pairs.negative, tf.mul(tf.mul(8, weightOfNegatives), tf.sub(s, 0.4)));
        return tf.mean(tf.log1p(tf.mul(pull, push))) as Scalar;
      };
      const actual = tf.grad((z) => losses.circleLoss(z as Tensor2D, z as Tensor2D, { pairs, scale: 8 }))(x);
      const expected = tf.grad((z) => constantWeights(z as Tensor2D))(x);
      expect(tf.max(tf.abs(expected)).dataSync()[0]).toBeGreaterThan(0.05);
      expect(actual).toBeAllclose(expected, { rtol: 1e-4, atol: 1e-6 });
    });
  });

  it('negativeCosine and dinoLoss: none for the target', () => {
    tf.tidy(() => {
      const [p, z] = [noise(4, 3, 1), noise(4, 3, 2)];
      const [ofP, ofZ] = tf.grads(
        (x, y) => tf.add(losses.negativeCosine(x as Tensor2D, y as Tensor2D), tf.mul(0, tf.sum(y))) as Scalar,
      )([p, z]);
      expect(tf.max(tf.abs(ofP as Tensor)).dataSync()[0]).toBeGreaterThan(0.01);
      expect(tf.max(tf.abs(ofZ as Tensor)).dataSync()[0]).toBe(0);
    });
  });

  it('modalityAdversary: the reversed gradient for the embeddings, the ordinary one for the classifier', () => {
    tf.tidy(() => {
      const [a, b, w] = [noise(3, 4, 1), noise(5, 4, 2), noise(4, 2, 3)];
      const classify = (weights: Tensor) => (x: Tensor2D) => tf.matMul(x, weights as Tensor2D) as Tensor2D;
      const labels = tf.tensor1d([0, 0, 0, 1, 1, 1, 1, 1], 'int32');
      const adversary = (x: Tensor, y: Tensor, v: Tensor) =>
        losses.modalityAdversary([x as Tensor2D, y as Tensor2D], classify(v), { lambda: 0.5 });
      const plain = (x: Tensor, y: Tensor, v: Tensor) =>
        losses.crossEntropy(classify(v)(tf.concat([x, y]) as Tensor2D), labels);
      const actual = tf.grads(adversary)([a, b, w]);
      const expected = tf.grads(plain)([a, b, w]);
      for (const [i, factor] of [-0.5, -0.5, 1].entries()) {
        expect(actual[i] as Tensor).toBeAllclose(tf.mul(factor, expected[i] as Tensor), { rtol: 1e-5, atol: 1e-7 });
      }
    });
  });

  it('freeBits: none below the floor', () => {
    tf.tidy(() => {
      const mean = tf.tensor2d([
        [0.1, 2],
        [0.1, 2],
      ]);
      const gradient = tf.grad((m) => losses.freeBits(m, tf.zeros([2, 2]), { floor: 0.1 }))(mean);
      expect(gradient).toBeAllclose([
        [0, 1],
        [0, 1],
      ]);
    });
  });
});
