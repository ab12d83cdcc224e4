import { defineEncoder } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { dualEncoder, zeroShotClassifier } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** Sentences as counts of the letters a, b, c; pictures as three numbers. No weights: the space is the counts themselves. */
function letters() {
  const identity = () => {
    const input = tfl.input({ shape: [3] });
    return tfl.model({
      inputs: input,
      outputs: tfl.layers.activation({ activation: 'linear' }).apply(input) as tfl.SymbolicTensor,
    });
  };
  const text = defineEncoder<string>({
    modality: 'text',
    model: identity(),
    inputs: ['counts'],
    prepare: async (items) => ({
      counts: tf.tensor2d(items.map((item) => ['a', 'b', 'c'].map((letter) => item.split(letter).length - 1))),
    }),
  });
  const image = defineEncoder<number[]>({
    modality: 'image',
    model: identity(),
    inputs: ['pixels'],
    prepare: async (items) => ({ pixels: tf.tensor2d(items.map((item) => [...item])) }),
  });
  return dualEncoder({
    encoders: { image, text },
    dimension: 3,
    seed: 1,
    unprojected: ['image', 'text'],
    temperature: 0.5,
  });
}

it('averages templates per class and answers in probabilities', async () => {
  const model = letters();
  // Of 'a': rows [1,0,0] and [1,1,0]/sqrt 2; their mean, normalised, halves the angle between them.
  const classifier = await zeroShotClassifier(model, {
    classes: ['a', 'c'],
    templates: ['{}', (name) => `${name}b`],
    text: 'text',
    batchSize: 3,
  });
  const half = Math.PI / 8;
  expect(classifier.weights).toBeAllclose([
    [Math.cos(half), Math.sin(half), 0],
    [0, Math.sin(half), Math.cos(half)],
  ]);
  const logits = classifier.logits(tf.tensor2d([[1, 0, 0]]));
  expect(logits).toBeAllclose([[2 * Math.cos(half), 0]], { atol: 1e-6 });
  const [first, second] = await classifier.classify(
    'image',
    [
      [5, 0, 0],
      [0, 1, 9],
    ],
    { best: 2 },
  );
  const p = 1 / (1 + Math.exp(-2 * Math.cos(half)));
  expect(first?.map(({ label }) => label)).toEqual(['a', 'c']);
  expect(first?.[0]?.probability).toBeCloseTo(p, 5);
  expect(first?.[1]?.probability).toBeCloseTo(1 - p, 5);
  expect(second?.[0]?.label).toBe('c');
  const [only] = await classifier.classify('text', ['ccb']);
  expect(only).toHaveLength(1);
  expect(only?.[0]?.label).toBe('c');
});

it('refuses what makes no classifier, and leaks nothing', async () => {
  const model = letters();
  const make = (options: object) => zeroShotClassifier(model, { classes: ['a', 'b'], text: 'text', ...options });
  await expect(make({ classes: [] })).rejects.toThrow('needs classes and templates, got 0 and 1');
  await expect(make({ templates: [] })).rejects.toThrow('got 2 and 0');
  await expect(make({ classes: ['a', 'a'] })).rejects.toThrow("'a' comes twice");
  await expect(make({ templates: ['a photo'] })).rejects.toThrow("must contain {}, got 'a photo'");
  const classifier = await make({});
  await expect(classifier.classify('image', [[1, 2, 3]], { best: 0 })).rejects.toThrow(
    'best must be an integer of at least 1, got 0',
  );
  await expectNoLeak(async () => (await make({})).dispose());
  await expectNoLeak(async () => void (await classifier.classify('image', [[1, 2, 3]])));
  await expectNoLeakWhenThrowing(
    async () => void (await classifier.classify('image', [[1, 2]])),
    'Error in matMul: inner shapes (2) and (3) of Tenso',
  );
});

it('takes names of classes as they are', async () => {
  const texts: string[] = [];
  const model = {
    scale: () => tf.scalar(1),
    embedItems: async (_: 'text', items: readonly unknown[]) => {
      texts.push(...(items as string[]));
      return tf.ones([items.length, 2]) as tf.Tensor2D;
    },
  };
  const classes = ['A$$AP', '$&', "$'", '$1'];
  const classifier = await zeroShotClassifier(model as never, {
    classes,
    templates: ['a photo of {}, {}.'],
    text: 'text' as never,
  });
  expect(texts).toEqual(classes.map((name) => `a photo of ${name}, ${name}.`));
  classifier.dispose();
});
