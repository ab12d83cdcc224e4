import { tensorDataset } from '@crossmodal/core/data';
import { adam } from '@crossmodal/core/optimisers';
import { fit, trainStep } from '@crossmodal/core/train';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DualEncoderBatch, dualEncoder, retrievalMetrics } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { featureEncoder, seededMatrix, views } from './synthetic.js';

useTestBackend('cpu');

const encoders = (seed: number) => ({
  image: featureEncoder('image', 10, 12, seed),
  text: featureEncoder('text', 14, 8, seed + 10),
});

describe('a trained dual encoder', () => {
  async function recall(pairing: 'matched' | 'shuffled' | 'untrained', seed: number): Promise<number> {
    const count = 256;
    const [images, texts] = views(count, { seed: 5 }) as [Tensor2D, Tensor2D];
    const order = pairing === 'shuffled' ? seededOrder(count, seed) : Array.from({ length: count }, (_, i) => i);
    const model = dualEncoder({ encoders: encoders(seed * 100), dimension: 8, seed });
    if (pairing !== 'untrained') {
      const data = tensorDataset(
        { image: { features: images }, text: { features: tf.gather(texts, order) } },
        { batchSize: 64, seed },
      );
      const step = trainStep<DualEncoderBatch<'image' | 'text'>>(model, { optimizer: adam({ learningRate: 1e-2 }) });
      await fit(step, data, { epochs: 25, progress: false });
      step.dispose();
    }
    const [heldImages, heldTexts] = views(100, { seed: 6 }) as [Tensor2D, Tensor2D];
    const a = model.embed('image', { features: heldImages });
    const b = model.embed('text', { features: heldTexts });
    const metrics = await retrievalMetrics(b, a, { k: [5] });
    expect(metrics.chance.recall[5]).toBeCloseTo(0.05);
    model.dispose();
    return metrics.recall[5] as number;
  }

  it.each([1, 2, 3])('finds held-out counterparts, and nothing from shuffled pairs (seed %i)', async (seed) => {
    expect(await recall('matched', seed)).toBeGreaterThan(0.6);
    expect(await recall('shuffled', seed)).toBeLessThan(0.2);
    expect(await recall('untrained', seed)).toBeLessThan(0.2);
  });
});

function seededOrder(count: number, seed: number): number[] {
  const values = seededMatrix(1, count, seed).dataSync();
  return Array.from({ length: count }, (_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number));
}
