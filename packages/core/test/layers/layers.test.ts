import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak, expectNoLeakWhenThrowing, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { Random, randomNormal } from '../../src/index.js';
import {
  boundedScale,
  classToken,
  dropout,
  dropoutLayer,
  gradientReversal,
  gradientReversalLayer,
  groupNormalization,
  l2Normalize,
  l2NormalizeLayer,
  logitScale,
  maskedPooling,
  multiHeadAttention,
  patchEmbedding,
  poolSequence,
  positionEmbedding,
  registerLayers,
  reparameterise,
  reparameteriseLayer,
  sinusoidalPositions,
  spectralNormalization,
  transformerBlock,
} from '../../src/layers/index.js';
import { useTestBackend } from '../device/backends.js';

useTestBackend();

const noise = (shape: number[], seed = 1): Tensor => randomNormal(shape, { random: new Random(seed) });
/** A scalar that depends on every output, unevenly. */
const weighted = (x: Tensor): Scalar => tf.sum(tf.mul(x, noise(x.shape, 99))) as Scalar;

describe('l2Normalize', () => {
  test('gives unit rows, zeros for a zero row, and its gradient', () => {
    const y = l2Normalize(
      tf.tensor2d([
        [3, 4],
        [0, 0],
        [1e-15, 0],
        [3e18, 4e18],
      ]),
    );
    expect(y).toBeAllclose(
      [
        [0.6, 0.8],
        [0, 0],
        [0, 0],
        [0.6, 0.8],
      ],
      { atol: 1e-6 },
    );
    gradientCheck((x) => weighted(l2Normalize(x)), [noise([3, 5])]);
    const grad = tf.grad((x) => weighted(l2Normalize(x)));
    expect(grad(tf.zeros([2, 3]))).toBeAllclose(tf.zeros([2, 3]), { atol: 0 });
    expect(grad(tf.fill([2, 3], 1e-14))).toBeAllclose(tf.zeros([2, 3]), { atol: 0 });
  });

  test('divides rows that are shorter than epsilon by it', () => {
    const short = tf.tensor2d([[0.003, 0.004]]);
    expect(l2Normalize(short, { epsilon: 0.01 })).toBeAllclose([[0.3, 0.4]]);
    const grad = tf.grad((x) => tf.sum(l2Normalize(x, { epsilon: 0.01 })))(short);
    expect(grad).toBeAllclose([[100, 100]]);
  });
});

describe('gradientReversal', () => {
  test('is the identity forward and times -lambda backward', () => {
    const x = noise([4, 3]);
    expect(gradientReversal(x, { lambda: 0.3 })).toBeAllclose(x, { rtol: 0, atol: 0 });
    const plain = tf.grad((v) => weighted(tf.square(v)))(x);
    for (const lambda of [0.3, tf.scalar(0.3)]) {
      const reversed = tf.grad((v) => weighted(tf.square(gradientReversal(v, { lambda: lambda as number }))))(x);
      expect(reversed).toBeAllclose(tf.mul(plain, -0.3));
    }
  });

  test('the layer reads lambda at each call', () => {
    const layer = gradientReversalLayer({ lambda: 0 });
    const slope = () =>
      tf
        .grad((v) => tf.sum(layer.apply(v) as Tensor))(tf.ones([2]))
        .dataSync()[0];
    expect(slope()).toBeCloseTo(0);
    layer.lambda = 2;
    expect(slope()).toBeCloseTo(-2);
  });
});

describe('dropout', () => {
  test('keeps the mean, zeroes the stated share, and repeats with its seed', () => {
    const x = tf.ones([200, 200]);
    const y = dropout(x, { rate: 0.25, random: new Random(5), training: true });
    const values = [...y.dataSync()];
    const zeros = values.filter((v) => v === 0).length / values.length;
    expect(Math.abs(zeros - 0.25)).toBeLessThan(0.01); // 4.6 standard deviations
    expect(values.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6)).toBe(true);
    expect(dropout(x, { rate: 0.25, random: new Random(5), training: true })).toBeAllclose(y, { rtol: 0, atol: 0 });
    expect(dropout(x, { rate: 0.25, random: new Random(5), training: false })).toBeAllclose(x, { rtol: 0, atol: 0 });
  });

  test('refuses a rate of one', () => {
    expect(() => dropoutLayer({ rate: 1, seed: 0 })).toThrow('dropoutLayer: rate must be in [0, 1), got 1');
  });

  test('gradients pass where values passed', () => {
    const x = noise([50]);
    const grad = tf.grad((v) => tf.sum(dropout(v, { rate: 0.5, random: new Random(2), training: true })))(x);
    const mask = dropout(tf.ones([50]), { rate: 0.5, random: new Random(2), training: true });
    expect(grad).toBeAllclose(mask);
  });
});

describe('reparameterise', () => {
  test('has the stated mean and deviation, and gradients to both', () => {
    const mean = tf.fill([100_000], 2);
    const z = reparameterise(mean, tf.fill([100_000], Math.log(9)), { random: new Random(3) });
    const { mean: m, variance } = tf.moments(z);
    expect(m.dataSync()[0]).toBeCloseTo(2, 1);
    expect(Math.sqrt(variance.dataSync()[0]!)).toBeCloseTo(3, 1);
    const draw = (a: Tensor, b: Tensor) => weighted(reparameterise(a, b, { random: new Random(3) }));
    gradientCheck(draw, [noise([4, 2]), noise([4, 2], 2)]);
    expect(() => reparameterise(tf.zeros([2]), tf.zeros([3]), { random: new Random(0) })).toThrow('[2] and [3]');
  });
});

describe('masks', () => {
  const mask = tf.tensor2d([
    [1, 1, 1, 0],
    [1, 0, 0, 0],
  ]);
  const x = noise([2, 4, 6]) as Tensor3D;
  /** The same sequence with other values where the mask is zero. */
  const other = tf.add(x, tf.mul(noise([2, 4, 6], 7), tf.sub(1, tf.expandDims(mask, 2)))) as Tensor3D;
  const real = (y: Tensor) => tf.mul(y, tf.expandDims(mask, 2));

  test('padding does not reach real places of attention and Transformer', () => {
    for (const layer of [multiHeadAttention({ heads: 2, seed: 1 }), transformerBlock({ heads: 3, seed: 1 })]) {
      const a = layer.apply([x, mask]) as Tensor;
      expect(real(layer.apply([other, mask]) as Tensor)).toBeAllclose(real(a), { atol: 1e-6 });
      const unmasked = real(layer.apply([other, tf.onesLike(mask)]) as Tensor);
      expect(tf.max(tf.abs(tf.sub(unmasked, real(a)))).dataSync()[0]).toBeGreaterThan(1e-3);
    }
  });

  test('a sequence of padding alone stays finite', () => {
    const y = transformerBlock({ heads: 3, seed: 1 }).apply([x, tf.zerosLike(mask)]) as Tensor;
    expect([...y.dataSync()].every(Number.isFinite)).toBe(true);
    for (const mode of ['mean', 'max', 'first', 'last'] as const) {
      const pooled = poolSequence(x, tf.zerosLike(mask), { mode });
      expect([...pooled.dataSync()].every(Number.isFinite)).toBe(true);
    }
  });

  test('pooling against a loop', () => {
    const [values, bits] = [x.arraySync(), mask.arraySync()];
    const rows = values.map((row, i) => row.filter((_, t) => bits[i]![t] === 1));
    const columns = (row: number[][], f: (column: number[]) => number) =>
      Array.from({ length: 6 }, (_, j) => f(row.map((word) => word[j]!)));
    const mean = rows.map((row) => columns(row, (c) => c.reduce((a, b) => a + b) / c.length));
    expect(poolSequence(x, mask as Tensor2D)).toBeAllclose(mean);
    expect(poolSequence(x, mask as Tensor2D, { mode: 'max' })).toBeAllclose(
      rows.map((row) => columns(row, (c) => Math.max(...c))),
    );
    expect(poolSequence(x, mask as Tensor2D, { mode: 'last' })).toBeAllclose(rows.map((row) => row.at(-1)!));
    expect(poolSequence(x, mask as Tensor2D, { mode: 'first' })).toBeAllclose(rows.map((row) => row[0]!));
    for (const mode of ['mean', 'max', 'last'] as const) {
      gradientCheck((v) => weighted(poolSequence(v as Tensor3D, mask as Tensor2D, { mode })), [x]);
    }
  });

  test('a mask of an embedding arrives, and one of another length is refused', () => {
    const input = tfl.input({ shape: [4] });
    const words = tfl.layers
      .embedding({ inputDim: 9, outputDim: 6, maskZero: true })
      .apply(input) as tfl.SymbolicTensor;
    const hidden = transformerBlock({ heads: 2, seed: 1 }).apply(words) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: maskedPooling().apply(hidden) as tfl.SymbolicTensor });
    // The same words with more padding pool to the same vector.
    const longer = model.predict(tf.tensor2d([[3, 4, 0, 0]])) as Tensor;
    const shorter = model.predict(
      tf.tensor2d([
        [3, 4, 0, 0],
        [3, 4, 5, 1],
      ]),
    ) as Tensor;
    expect(tf.slice(shorter, [0, 0], [1, 6])).toBeAllclose(longer, { atol: 1e-5 });
    expect(() => multiHeadAttention({ heads: 2, seed: 1 }).apply([x, tf.ones([2, 3])])).toThrow('[2,4], got [2,3]');
  });

  test('causal attention does not look ahead', () => {
    const layer = transformerBlock({ heads: 2, causal: true, seed: 4 });
    const a = layer.apply(x) as Tensor;
    const changed = tf.concat([tf.slice(x, [0, 0, 0], [2, 3, 6]), noise([2, 1, 6], 5)], 1);
    const b = layer.apply(changed) as Tensor;
    const head = (y: Tensor) => tf.slice(y, [0, 0, 0], [2, 3, 6]);
    expect(head(b)).toBeAllclose(head(a), { atol: 1e-6 });
  });
});

describe('sequences', () => {
  test('positions follow the formula', () => {
    const table = sinusoidalPositions(8, 4);
    expect(table[5 * 4 + 0]).toBeCloseTo(Math.sin(5), 6);
    expect(table[5 * 4 + 1]).toBeCloseTo(Math.cos(5), 6);
    expect(table[5 * 4 + 2]).toBeCloseTo(Math.sin(5 / 100), 6);
    const layer = positionEmbedding({ length: 8, kind: 'sinusoidal' });
    expect(layer.apply(tf.zeros([2, 8, 4]))).toBeAllclose(
      tf.stack([tf.tensor(table, [8, 4]), tf.tensor(table, [8, 4])]),
    );
    const learned = positionEmbedding({ length: 3, seed: 1 });
    const long = learned.apply(tf.zeros([1, 3, 4])) as Tensor;
    expect(learned.apply(tf.zeros([1, 2, 4]))).toBeAllclose(tf.slice(long, [0, 0, 0], [1, 2, 4]));
    expect(() => learned.apply(tf.zeros([1, 4, 4]))).toThrow('a sequence of 4 is longer than the table of 3');
  });

  test('patches are those of the image', () => {
    const layer = patchEmbedding({ size: 2, dimension: 3, seed: 1 });
    const image = noise([1, 4, 6, 2]);
    const y = (layer.apply(image) as Tensor).arraySync() as number[][][];
    const kernel = (layer.getWeights()[0] as tf.Tensor4D).arraySync();
    const pixels = (image as tf.Tensor4D).arraySync();
    for (const [row, column] of [
      [0, 0],
      [1, 2],
    ] as const) {
      for (let d = 0; d < 3; d++) {
        let sum = 0;
        for (let i = 0; i < 2; i++) {
          for (let j = 0; j < 2; j++) {
            for (let c = 0; c < 2; c++) sum += pixels[0]![row * 2 + i]![column * 2 + j]![c]! * kernel[i]![j]![c]![d]!;
          }
        }
        expect(y[0]![row * 3 + column]![d]).toBeCloseTo(sum, 5);
      }
    }
    expect(() => patchEmbedding({ size: 4, dimension: 3, seed: 1 }).apply(image)).toThrow('multiples of 4');
  });

  test('a class token stands first and lengthens the mask', () => {
    const layer = classToken({ seed: 1 });
    const x = noise([2, 3, 4]);
    const [y, mask] = layer.apply([x, tf.ones([2, 3])]) as [Tensor, Tensor];
    expect(tf.slice(y, [0, 1, 0], [2, 3, 4])).toBeAllclose(x);
    const token = layer.getWeights()[0]!;
    expect(tf.slice(y, [1, 0, 0], [1, 1, 4])).toBeAllclose(token);
    expect(mask).toBeAllclose(tf.ones([2, 4]));
  });
});

describe('boundedScale', () => {
  test('is exp below the bound and leaves it only downwards', () => {
    const slope = (s: number, sign: number) =>
      tf
        .grad((v) => tf.mul(boundedScale(v as Scalar), sign))(tf.scalar(s))
        .dataSync()[0]!;
    expect(boundedScale(tf.scalar(2)).dataSync()[0]).toBeCloseTo(Math.exp(2), 4);
    expect(boundedScale(tf.scalar(9)).dataSync()[0]).toBeCloseTo(100, 3);
    expect(slope(2, 1)).toBeCloseTo(Math.exp(2), 4);
    expect(slope(2, -1)).toBeCloseTo(-Math.exp(2), 4);
    expect(slope(5, 1)).toBeCloseTo(100, 3);
    expect(slope(5, -1)).toBeCloseTo(0);
  });

  test('the layer starts at one over the temperature', () => {
    const layer = logitScale({ temperature: 0.05 });
    expect(layer.apply(tf.ones([2, 2]))).toBeAllclose(tf.fill([2, 2], 20), { rtol: 1e-5 });
    expect(layer.trainableWeights).toHaveLength(1);
  });
});

test('spectralNormalization bounds the largest singular value', () => {
  const layer = spectralNormalization({ layer: tfl.layers.dense({ units: 5, useBias: false }), seed: 3 });
  layer.apply(tf.zeros([1, 7]));
  for (let i = 0; i < 60; i++) layer.apply(tf.zeros([1, 7]), { training: true });
  const matrix = layer.apply(tf.eye(7)) as Tensor2D; // the normalised kernel itself
  let v = noise([5, 1]) as Tensor2D;
  for (let i = 0; i < 200; i++) {
    v = tf.matMul(tf.matMul(matrix, matrix, true), v);
    v = tf.div(v, tf.norm(v));
  }
  expect(tf.norm(tf.matMul(matrix, v)).dataSync()[0]).toBeCloseTo(1, 3);
  expect(layer.trainableWeights).toHaveLength(1);
  expect(layer.nonTrainableWeights).toHaveLength(2);
});

describe('gradients by central differences', () => {
  const x = noise([2, 4, 6]);
  test.each([
    ['multiHeadAttention', () => multiHeadAttention({ heads: 2, seed: 1 })],
    ['transformerBlock', () => transformerBlock({ heads: 2, hidden: 8, seed: 1 })],
    ['groupNormalization', () => groupNormalization({ groups: 2 })],
    ['positionEmbedding', () => positionEmbedding({ length: 4, seed: 1 })],
    ['classToken', () => classToken({ seed: 1 })],
    ['l2NormalizeLayer', () => l2NormalizeLayer()],
  ] as const)('%s, inputs and weights', (_, make) => {
    const layer = make();
    layer.apply(x);
    gradientCheck((v) => weighted(layer.apply(v) as Tensor), [x], { rtol: 2e-2, atol: 2e-3 });
    const weights = layer.getWeights().map((weight) => weight.clone());
    if (weights.length === 0) return;
    gradientCheck(
      (...values) => {
        // The layer reads its variables; differentiate through them by giving it the values as weights.
        const stand = layer.weights.map((weight, i) => ({ weight, value: values[i] as Tensor }));
        const read = stand.map(({ weight }) => weight.read);
        for (const { weight, value } of stand) weight.read = () => value;
        try {
          return weighted(layer.apply(x) as Tensor);
        } finally {
          for (const [i, { weight }] of stand.entries()) weight.read = read[i]!;
        }
      },
      weights,
      { rtol: 2e-2, atol: 2e-3, directions: 1 },
    );
  });
});

describe('serialisation', () => {
  test('every layer survives saving and loading', async () => {
    const image = tfl.input({ shape: [8, 8, 3] });
    const words = tfl.input({ shape: [5, 6] });
    const mask = tfl.input({ shape: [5] });
    type Symbolic = tfl.SymbolicTensor;
    const through = (x: Symbolic | Symbolic[], ...layers: tfl.layers.Layer[]): Symbolic =>
      layers.reduce<Symbolic | Symbolic[]>((state, layer) => layer.apply(state) as Symbolic, x) as Symbolic;
    const patches = through(
      image,
      spectralNormalization({ layer: tfl.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }), seed: 1 }),
      groupNormalization({ groups: 2, epsilon: 1e-4 }),
      patchEmbedding({ size: 4, dimension: 6, seed: 2 }),
      classToken({ seed: 3 }),
      positionEmbedding({ length: 5, seed: 4 }),
      dropoutLayer({ rate: 0.1, seed: 5 }),
    );
    const attended = through([patches, words, mask], multiHeadAttention({ heads: 2, attendsTo: 'memory', seed: 6 }));
    const block = through([attended, words, mask], transformerBlock({ heads: 3, memory: true, hidden: 7, seed: 7 }));
    const pooled = through(block, maskedPooling({ mode: 'max' }));
    const sampled = through([pooled, pooled], reparameteriseLayer({ seed: 8 }));
    const output = through(
      sampled,
      gradientReversalLayer({ lambda: 0.5 }),
      l2NormalizeLayer(),
      logitScale({ temperature: 0.1 }),
    );
    const model = tfl.model({ inputs: [image, words, mask], outputs: output });

    let saved: tf.io.ModelArtifacts | undefined;
    const keep = tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    });
    await model.save(keep);
    registerLayers();
    const topology = JSON.parse(JSON.stringify(saved!.modelTopology)) as object;
    const loaded = await tfl.loadLayersModel(tf.io.fromMemory({ ...saved!, modelTopology: topology }));
    const x = [
      noise([2, 8, 8, 3]),
      noise([2, 5, 6], 2),
      tf.tensor2d([
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1],
      ]),
    ];
    expect(loaded.predict(x) as Tensor).toBeAllclose(model.predict(x) as Tensor, { rtol: 0, atol: 0 });
    expect(loaded.layers.map((layer) => layer.getConfig())).toEqual(model.layers.map((layer) => layer.getConfig()));
  });
});

test('no tensor is left behind, nor by a call that throws', async () => {
  const x = noise([2, 4, 6]);
  const mask = tf.ones([2, 4]);
  const layers = [
    multiHeadAttention({ heads: 2, seed: 1 }),
    transformerBlock({ heads: 2, dropout: 0.1, seed: 1 }),
    groupNormalization({ groups: 2 }),
    positionEmbedding({ length: 4, kind: 'sinusoidal' }),
    dropoutLayer({ rate: 0.5, seed: 1 }),
    gradientReversalLayer(),
    l2NormalizeLayer(),
    logitScale(),
    maskedPooling({ mode: 'last' }),
    classToken({ seed: 1 }),
  ];
  for (const layer of layers) {
    await expectNoLeak(() => layer.apply(x, { training: true }) as Tensor);
    await expectNoLeakWhenThrowing(() => layer.apply([x, mask, x, x, x]) as Tensor, /takes (one|1)/);
  }
});
