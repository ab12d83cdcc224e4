import { Random, randomNormal } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { fit } from '@crossmodal/core/train';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type ConditionalGanOptions, conditionalGan, deepFusionGenerator, ganStep } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const names = ['left', 'right', 'top', 'bottom'] as const;

/** White pictures of 8x8 pixels with one dark half, of random darkness, each with an embedding of its name. */
function halves(count: number, seed: number, { shuffled = false } = {}) {
  const random = new Random(seed);
  const words = names.map((name) => Array.from({ length: 6 }, (_, i) => new Random(`${name}${i}`).normal()));
  const classes = Array.from({ length: count }, (_, i) => i % 4);
  const asked = shuffled ? random.shuffle(classes) : classes;
  const pixels = new Float32Array(count * 64);
  classes.forEach((c, row) => {
    const dark = 0.4 * random.uniform();
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        const inside = [x < 4, x >= 4, y < 4, y >= 4][c];
        pixels[row * 64 + y * 8 + x] = inside ? dark : 1;
      }
    }
  });
  return {
    real: tf.tensor4d(pixels, [count, 8, 8, 1]),
    condition: tf.tensor2d(asked.map((c) => words[c] as number[])),
    classes,
  };
}

/** Share of pictures whose darkest half is the one asked for. */
function consistency(images: Tensor4D, classes: readonly number[]): number {
  return tf.tidy(() => {
    const half = (begin: number[], size: number[]) =>
      tf.mean(tf.slice(images, [0, ...begin, 0], [-1, ...size, -1]), [1, 2, 3]);
    const means = [half([0, 0], [8, 4]), half([0, 4], [8, 4]), half([0, 0], [4, 8]), half([4, 0], [4, 8])];
    const darkest = tf.argMin(tf.stack(means, 1), 1).dataSync();
    return classes.filter((c, i) => darkest[i] === c).length / classes.length;
  });
}

async function run(options: Partial<ConditionalGanOptions>, { shuffled = false, steps = 250 } = {}) {
  const model = conditionalGan({
    size: 8,
    channels: 1,
    width: 16,
    conditionDimension: 6,
    latentDimension: 8,
    seed: 2,
    ...options,
  });
  const test = halves(80, 4);
  const measure = () =>
    consistency(model.generate(test.condition as Tensor2D, { random: new Random(9) }) as Tensor4D, test.classes);
  const untrained = measure();
  const { real, condition } = halves(128, 3, { shuffled });
  const step = ganStep(model);
  await fit(step, tensorDataset({ real, condition }, { batchSize: 32, seed: 1 }), { steps, progress: false });
  step.applyAverages();
  const trained = measure();
  step.dispose();
  model.dispose();
  return { untrained, trained };
}

it('text conditions decide the picture after training; shuffled ones do not', async () => {
  const { untrained, trained } = await run({}, { steps: 400 });
  expect(untrained).toBeLessThan(0.55);
  expect(trained).toBeGreaterThan(0.75);
  const control = await run({}, { shuffled: true, steps: 400 });
  expect(control.trained).toBeLessThan(0.55);
});

it.each<[string, Partial<ConditionalGanOptions>, number]>([
  ['concatenation', { conditioning: 'concatenation' }, 250],
  ['hinge', { loss: 'hinge' }, 250],
  ['conditioning augmentation', { augmentation: { dimension: 6, weight: 0.01 } }, 400],
  ['spectral normalisation instead of a slope penalty', { gradientPenalty: 'none' }, 250],
  ['interpolated conditions', { interpolation: 0.5 }, 250],
  ['differentiable augmentation', { differentiableAugmentation: { translation: 0.125, colour: 0.5 } }, 250],
])('learns with %s', async (_, options, steps) => {
  const { trained } = await run(options, { steps });
  expect(trained).toBeGreaterThan(0.6);
});

describe('deepFusionGenerator', () => {
  const settings = { size: 8, channels: 1, width: 8, hidden: 16, conditionDimension: 6, latentDimension: 8 };

  it('draws pictures that both inputs decide, once it has learned; it begins without a look at the condition', () => {
    const generator = deepFusionGenerator({ ...settings, size: 16, channels: 3, seed: 1 });
    const noise = randomNormal<Tensor2D>([4, 8], { random: new Random(1) });
    const [a, b] = [tf.zeros([4, 6]), tf.ones([4, 6])];
    const drawn = generator.predict([noise, a]) as Tensor4D;
    expect(drawn.shape).toEqual([4, 16, 16, 3]);
    expect(Math.max(...tf.abs(drawn).dataSync())).toBeLessThanOrEqual(1);
    expect(generator.predict([noise, b]) as Tensor4D).toBeAllclose(drawn);
    const shift = generator.getLayer('up_8_first_a_shift').getWeights()[0] as Tensor2D;
    generator.getLayer('up_8_first_a_shift').setWeights([tf.ones(shift.shape), tf.zeros([shift.shape[1]])]);
    const last = generator.getLayer('up_8_second').getWeights() as [Tensor4D, tf.Tensor];
    generator.getLayer('up_8_second').setWeights([tf.ones(last[0].shape), last[1]]);
    const difference = tf.max(
      tf.abs(tf.sub(generator.predict([noise, a]) as Tensor4D, generator.predict([noise, b]) as Tensor4D)),
    );
    expect(difference.dataSync()[0]).toBeGreaterThan(1e-3);
    expect(() => deepFusionGenerator({ ...settings, size: 12 })).toThrow('4 times a power of two');
  });

  it('is trained by conditionalGan with the penalty of its paper', async () => {
    const generator = deepFusionGenerator({ ...settings, seed: 2 });
    const gradientPenalty = { kind: 'matching-aware', weight: 0.1 } as const;
    const { untrained, trained } = await run({ generator, gradientPenalty, range: [0, 1] }, { steps: 250 });
    expect(untrained).toBeLessThan(0.55);
    expect(trained).toBeGreaterThan(0.6);
  });
});
