import type { Encoder, Inputs } from '@crossmodal/core';
import { infoNce } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DualEncoderBatch, dualEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { featureEncoder, seededMatrix, views } from './synthetic.js';

useTestBackend();

const pair = (seed = 1) => ({
  image: featureEncoder('image', 10, 12, seed),
  text: featureEncoder('text', 14, 8, seed + 10),
});
const three = (seed = 1) => ({ ...pair(seed), audio: featureEncoder('audio', 7, 6, seed + 20) });

function batchOf(
  count: number,
  seed: number,
): DualEncoderBatch<'image' | 'text' | 'audio'> & Record<'image' | 'text' | 'audio', Inputs> {
  const [image, text, audio] = views(count, { seed, sizes: [10, 14, 7] }) as [Tensor2D, Tensor2D, Tensor2D];
  return { image: { features: image }, text: { features: text }, audio: { features: audio } };
}

const value = (scalar: tf.Tensor) => scalar.dataSync()[0] as number;

describe('dualEncoder', () => {
  it('computes InfoNCE of unit projections at the initial temperature', () => {
    const model = dualEncoder({ encoders: pair(), dimension: 5, seed: 3 });
    const { image, text } = batchOf(6, 1);
    const z = model.embed('image', image);
    expect(z.shape).toEqual([6, 5]);
    expect(tf.norm(z, 2, 1)).toBeAllclose(tf.ones([6]), { atol: 1e-5 });
    // By hand: the mean over rows and columns of -log softmax at the diagonal.
    const a = z.arraySync();
    const b = model.embed('text', text).arraySync();
    const logits = a.map((u) => b.map((v) => u.reduce((sum, x, d) => sum + x * (v[d] as number), 0) / 0.07));
    const transposed = logits.map((_, j) => logits.map((row) => row[j] as number));
    const crossEntropy = (rows: number[][]) =>
      rows.reduce((sum, row, i) => sum + Math.log(row.reduce((s, x) => s + Math.exp(x), 0)) - (row[i] as number), 0) /
      rows.length;
    const { loss, temperature, 'image-text': term } = model.loss({ image, text });
    expect(loss).toBeAllclose((crossEntropy(logits) + crossEntropy(transposed)) / 2, { rtol: 1e-5 });
    expect(temperature).toBeAllclose(0.07);
    expect(term as Scalar).toBeAllclose(loss);
    model.dispose();
  });

  it('adds up weighted pairs of any number of modalities', () => {
    const model = dualEncoder({
      encoders: three(),
      dimension: 5,
      seed: 3,
      weights: { 'image-audio': 0.25, 'text-audio': 0 },
    });
    const batch = batchOf(5, 2);
    const { loss, 'image-text': it, 'image-audio': ia, 'text-audio': ta } = model.loss(batch);
    expect(loss).toBeAllclose(value(it as Scalar) + 0.25 * value(ia as Scalar));
    expect(value(ta as Scalar)).toBeGreaterThan(0);
    const { audio: _, ...rest } = batch;
    const partial = model.loss(rest);
    expect(Object.keys(partial).sort()).toEqual(['image-text', 'loss', 'spread/image', 'spread/text', 'temperature']);
    expect(partial.loss).toBeAllclose(it as Scalar);
    model.dispose();
  });

  it('treats a missing sample as if it were not in the batch', () => {
    const model = dualEncoder({ encoders: three(), dimension: 5, seed: 3 });
    const batch = batchOf(6, 3);
    const present = { text: tf.tensor1d([1, 0, 1, 1, 0, 1]), audio: tf.tensor1d([1, 1, 0, 1, 1, 1]) };
    const whole = model.loss({ ...batch, present });
    // By hand: anchors are rows with both sides; candidates are the other side's present rows, with or without counterpart.
    const unit = (m: 'image' | 'text' | 'audio') => model.embed(m, batch[m]).arraySync();
    const mask = { image: [1, 1, 1, 1, 1, 1], text: present.text.arraySync(), audio: present.audio.arraySync() };
    const directed = (m: 'image' | 'text' | 'audio', n: 'image' | 'text' | 'audio') => {
      const [a, b] = [unit(m), unit(n)];
      const anchors = a.map((_, i) => i).filter((i) => mask[m][i] && mask[n][i]);
      const logit = (i: number, j: number) =>
        (a[i] as number[]).reduce((sum, x, d) => sum + x * (b[j]?.[d] as number), 0) / 0.07;
      const terms = anchors.map((i) => {
        const candidates = b.map((_, j) => j).filter((j) => mask[n][j]);
        return Math.log(candidates.reduce((sum, j) => sum + Math.exp(logit(i, j)), 0)) - logit(i, i);
      });
      return terms.reduce((sum, term) => sum + term, 0) / terms.length;
    };
    for (const [m, n] of [
      ['image', 'text'],
      ['image', 'audio'],
      ['text', 'audio'],
    ] as const) {
      expect(whole[`${m}-${n}`] as Scalar).toBeAllclose((directed(m, n) + directed(n, m)) / 2, { rtol: 1e-5 });
    }
    const ones = { image: tf.ones([6]) as Tensor1D, text: tf.ones([6]) as Tensor1D, audio: tf.ones([6]) as Tensor1D };
    expect(model.loss({ ...batch, present: ones }).loss).toBeAllclose(model.loss(batch).loss, { rtol: 1e-5 });
    // What stands in the place of a missing sample has no influence.
    const garbage = tf.where(
      tf.expandDims(tf.greater(present.text, 0), 1),
      batch.text['features'] as Tensor2D,
      tf.fill([6, 14], 9),
    );
    expect(model.loss({ ...batch, text: { features: garbage }, present }).loss).toBeAllclose(whole.loss, {
      rtol: 1e-6,
    });
    // Nobody has audio: its pairs are silent.
    const silent = model.loss({ ...batch, present: { audio: tf.zeros([6]) as Tensor1D } });
    expect(silent['image-audio'] as Scalar).toBeAllclose(0);
    expect(silent.loss).toBeAllclose(silent['image-text'] as Scalar);
    model.dispose();
  });

  it('takes repeated captions as positives of each other', () => {
    const model = dualEncoder({ encoders: pair(), dimension: 5, seed: 3 });
    const { image, text } = batchOf(4, 4);
    const a = model.embed('image', image);
    const b = model.embed('text', text);
    const logits = tf.div(tf.matMul(a, b, false, true), 0.07).arraySync() as number[][];
    const groups = [7, 8, 7, 9];
    const logSoftmax = (row: number[]) => row.map((x) => x - Math.log(row.reduce((sum, y) => sum + Math.exp(y), 0)));
    const directed = (rows: number[][]) =>
      rows.reduce((sum, row, i) => {
        const positives = groups.flatMap((group, j) => (group === groups[i] ? [j] : []));
        return sum - positives.reduce((s, j) => s + (logSoftmax(row)[j] as number), 0) / positives.length;
      }, 0) / rows.length;
    const expected = (directed(logits) + directed(logits.map((_, j) => logits.map((row) => row[j] as number)))) / 2;
    const batch = { image, text, groups: tf.tensor1d(groups, 'int32') };
    expect(model.loss(batch).loss).toBeAllclose(expected, { rtol: 1e-5 });
    const positives = tf.tensor2d(groups.map((p) => groups.map((q) => Number(p === q))));
    expect(model.loss({ image, text, positives }).loss).toBeAllclose(expected, { rtol: 1e-5 });
    const unique = tf.tensor1d([1, 2, 3, 4], 'int32');
    expect(model.loss({ image, text, groups: unique }).loss).toBeAllclose(model.loss({ image, text }).loss, {
      rtol: 1e-5,
    });
    model.dispose();
  });

  it('learns the temperature, bounded, and can come back from the bound', () => {
    const model = dualEncoder({ encoders: pair(), dimension: 5, seed: 3, temperature: 0.005 });
    const { image, text } = batchOf(4, 5);
    expect(value(model.logitScale)).toBeCloseTo(Math.log(200), 5);
    expect(model.loss({ image, text }).temperature).toBeAllclose(0.01);
    // Untrained embeddings want a lower scale: the gradient is positive, and passes the bound.
    const { grads } = tf.variableGrads(() => model.loss({ image, text }).loss, [model.logitScale]);
    expect(value(grads[model.logitScale.name] as tf.Tensor)).toBeGreaterThan(0);
    // Embeddings that match, but not safely, want a higher one: stopped at the bound.
    const near = tf.tensor2d([
      [1, 0, 0, 0, 0],
      [Math.cos(0.2), Math.sin(0.2), 0, 0, 0],
    ]);
    const slope = (limit: number) => {
      const other = dualEncoder({
        encoders: pair(),
        dimension: 5,
        seed: 3,
        temperature: 0.005,
        maximumScale: limit,
      });
      const { grads } = tf.variableGrads(() => other.contrast({ image: near, text: near }).loss, [other.logitScale]);
      return value(grads[other.logitScale.name] as tf.Tensor);
    };
    expect(slope(1000)).toBeLessThan(-0.01);
    expect(Math.abs(slope(100))).toBe(0);
    const fixed = dualEncoder({ encoders: pair(), dimension: 5, seed: 3, learnTemperature: false });
    expect(fixed.trainableVariables()).not.toContain(fixed.logitScale);
    model.dispose();
    fixed.dispose();
  });

  it('differentiates correctly with respect to embeddings and scale', () => {
    const model = dualEncoder({ encoders: pair(), dimension: 4, seed: 3, temperature: 0.5 });
    const a = seededMatrix(5, 4, 1);
    const b = seededMatrix(5, 4, 2);
    const present = { image: tf.tensor1d([1, 1, 1, 0, 1]) };
    const groups = tf.tensor1d([1, 2, 1, 3, 4], 'int32');
    gradientCheck(
      (x, y) => model.contrast({ image: x as Tensor2D, text: y as Tensor2D }, { present, groups }).loss,
      [a, b],
    );
    const h = 1e-2;
    const at = (shift: number) => {
      model.logitScale.assign(tf.scalar(Math.log(2) + shift));
      return value(model.contrast({ image: a, text: b }).loss);
    };
    const numeric = (at(h) - at(-h)) / (2 * h);
    at(0);
    const { grads } = tf.variableGrads(() => model.contrast({ image: a, text: b }).loss, [model.logitScale]);
    expect(grads[model.logitScale.name] as tf.Tensor).toBeAllclose(numeric, { rtol: 1e-2, atol: 1e-3 });
    model.dispose();
  });

  it('trains the locked tower no more than its projection', async () => {
    const encoders = pair();
    const model = dualEncoder({ encoders, dimension: 5, seed: 3, locked: ['image'] });
    const trained = new Set(model.trainableVariables());
    expect(encoders.image.trainableVariables().some((variable) => trained.has(variable))).toBe(false);
    expect(encoders.text.trainableVariables().every((variable) => trained.has(variable))).toBe(true);
    expect(trained.size).toBe(4 + 2 + 1);
    let sawTraining: boolean | undefined;
    const spy: Encoder = {
      ...encoders.image,
      encode: (inputs, options) => {
        sawTraining = options?.training;
        return encoders.image.encode(inputs, options);
      },
    };
    const { image, text } = batchOf(3, 6);
    const spied = dualEncoder<'image' | 'text'>({
      encoders: { ...encoders, image: spy },
      dimension: 5,
      seed: 3,
      locked: ['image'],
    });
    spied.loss({ image, text }, { training: true });
    expect(sawTraining).toBe(false);
    model.dispose();
  });

  it('names every variable once and is the same for the same seed', () => {
    const build = () => dualEncoder({ encoders: pair(), dimension: 5, seed: 3, bias: true });
    const [first, second] = [build(), build()];
    const names = Object.keys(first.namedVariables()).sort();
    expect(names).toEqual([
      ...['dense/bias', 'dense/kernel', 'dense_1/bias', 'dense_1/kernel'].map((name) => `image/encoder/${name}`),
      'image/projection/bias',
      'image/projection/weight',
      'logitScale',
      ...['dense/bias', 'dense/kernel', 'dense_1/bias', 'dense_1/kernel'].map((name) => `text/encoder/${name}`),
      'text/projection/bias',
      'text/projection/weight',
    ]);
    for (const name of names) {
      expect(first.namedVariables()[name] as tf.Tensor).toBeAllclose(second.namedVariables()[name] as tf.Tensor, {
        atol: 0,
        rtol: 0,
      });
    }
    const other = dualEncoder({ encoders: pair(), dimension: 5, seed: 4 });
    const weight = (model: typeof other) => model.namedVariables()['image/projection/weight']?.dataSync();
    expect(weight(other)).not.toEqual(weight(first));
    for (const model of [first, second, other]) model.dispose();
  });

  it('refuses what cannot be a dual encoder or a batch of one', () => {
    const encoders = pair();
    const base = { encoders, dimension: 5, seed: 1 };
    expect(() => dualEncoder({ ...base, encoders: { image: encoders.image } })).toThrow(
      'at least two modalities, got image',
    );
    expect(() => dualEncoder({ ...base, encoders: { 'a-b': encoders.image, text: encoders.text } })).toThrow(
      "got 'a-b'",
    );
    expect(() => dualEncoder({ ...base, encoders: { loss: encoders.image, text: encoders.text } })).toThrow(
      "got 'loss'",
    );
    expect(() => dualEncoder({ ...base, temperature: 0 })).toThrow('temperature must be a positive number, got 0');
    expect(() => dualEncoder({ ...base, dimension: 0 })).toThrow('dimension must be an integer of at least 1, got 0');
    expect(() => dualEncoder({ ...base, weights: { 'text-image': 1 } })).toThrow(
      "must name pairs (image-text), got 'text-image'",
    );
    expect(() => dualEncoder({ ...base, weights: { 'image-text': -1 } })).toThrow('got -1 for image-text');
    expect(() => dualEncoder({ ...base, locked: ['sound' as 'text'] })).toThrow(
      "locked must name modalities (image, text), got 'sound'",
    );
    expect(() => dualEncoder({ ...base, unprojected: ['text'] })).toThrow(
      'the text encoder must have dimension 5, got 8',
    );
    const model = dualEncoder(base);
    const { image, text } = batchOf(4, 7);
    const { text: shorter } = batchOf(3, 7);
    expect(() => model.loss({ image })).toThrow('a batch needs at least two modalities, got image');
    expect(() => model.loss({ image, text: shorter })).toThrow('got image [4,5], text [3,5]');
    expect(() => model.loss({ image, text, groups: tf.zeros([3]) })).toThrow('groups must have shape [4], got [3]');
    expect(() => model.loss({ image, text, positives: tf.zeros([4, 3]) })).toThrow(
      'positives must have shape [4, 4], got [4,3]',
    );
    expect(() => model.loss({ image, text, groups: tf.zeros([4]), positives: tf.zeros([4, 4]) })).toThrow('got both');
    expect(() => model.loss({ image, text, present: { text: tf.zeros([2]) } })).toThrow(
      'present.text must have shape [4], got [2]',
    );
    expect(() => model.embed('sound' as 'text', text)).toThrow("no modality 'sound', only image, text");
    model.dispose();
  });

  it('leaks nothing, on the throwing path neither', async () => {
    await expectNoLeak(() => dualEncoder({ encoders: pair(), dimension: 5, seed: 1 }).dispose());
    const model = dualEncoder({ encoders: three(), dimension: 5, seed: 1 });
    const batch = batchOf(4, 8);
    const extras = { present: { text: tf.ones([4]) as Tensor1D }, groups: tf.tensor1d([1, 1, 2, 3], 'int32') };
    await expectNoLeak(() => model.loss({ ...batch, ...extras }, { training: true }));
    await expectNoLeakWhenThrowing(
      () => model.loss({ image: batch.image }),
      'dualEncoder.loss: a batch needs at least two modal',
    );
    const wrong = tf.zeros([1, 1]) as Tensor2D;
    await expectNoLeakWhenThrowing(
      () => model.loss({ ...batch, positives: wrong }),
      'dualEncoder.loss: positives must have shape [4, 4]',
    );
    await expectNoLeakWhenThrowing(() => model.embedItems('image', [[1], [2, 3]]), 'is incompatible with layer');
    await expectNoLeak(() => model.embedItems('image', Array(5).fill(Array(10).fill(1)), { batchSize: 2 }));
    model.dispose();
  });
});

it('shares infoNce with the losses', () => {
  const a = seededMatrix(4, 3, 1);
  const model = dualEncoder({ encoders: pair(), dimension: 3, seed: 1, temperature: 0.2 });
  expect(model.contrast({ image: a, text: a }).loss).toBeAllclose(infoNce(a, a, { temperature: 0.2 }));
});
