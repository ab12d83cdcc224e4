import { CrossmodalError } from '@crossmodal/core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  arcFace,
  bernoulliLogLikelihood,
  binaryCrossEntropy,
  categoricalLogLikelihood,
  circleLoss,
  crossEntropy,
  dinoLoss,
  distanceContrastive,
  hadsellContrastive,
  hardestPairs,
  infoNce,
  MemoryQueue,
  marginContrastive,
  modalityAdversary,
  multiSimilarityLoss,
  type Pairs,
  pairsByIndex,
  pairsByLabel,
  proxyNca,
  reduceLosses,
  semiHardPairs,
  sigLip,
  similarityCrossEntropy,
  supCon,
  tripletLoss,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const positives = (pairs: Pairs) => pairs.positive.arraySync();
const apart = [
  [1, 0],
  [0, 1],
];

describe('labels of any size stay apart', () => {
  it.each([
    ['beyond float32', [16777216, 16777217]],
    ['beyond int32', [1234567890122, 1234567890123]],
    ['at the end of what JavaScript counts', [2 ** 53 - 2, 2 ** 53 - 1]],
    ['negative', [-16777216, -16777217]],
    ['that int32 would wrap onto each other', [1, 2 ** 32 + 1]],
  ])('%s', (_, labels) => {
    expect(positives(pairsByLabel(labels, labels))).toEqual(apart);
    expect(positives(pairsByLabel(labels, [...labels].reverse()))).toEqual([...apart].reverse());
    expect(positives(pairsByLabel(labels))).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('in tensors as far as their kind goes', () => {
    const ids = tf.tensor1d([16777216, 16777217], 'int32');
    expect(positives(pairsByLabel(ids, ids))).toEqual(apart);
    expect(positives(pairsByLabel(ids, [16777216, 16777217]))).toEqual(apart);
    expect(positives(pairsByLabel([3, 5], tf.tensor1d([3, 5])))).toEqual(apart);
    expect(() => pairsByLabel(tf.tensor1d([16777216, 16777217]))).toThrow(
      'pairsByLabel: labels must be below 2^24 in a float32 tensor, which cannot tell larger ones apart, got 16777216; make the tensor int32, or pass an array',
    );
    expect(() => pairsByLabel(ids, [1, 2 ** 31])).toThrow(
      'must fit into int32 beside a tensor of labels, got 2147483648',
    );
  });

  it('in a memory queue', () => {
    const queue = new MemoryQueue({ size: 2, dimension: 2 });
    queue.enqueue(tf.ones([2, 2]), tf.tensor1d([16777216, 16777217], 'int32'));
    expect(positives(pairsByLabel([16777216, 16777217], queue.labels))).toEqual(apart);
    expect(() => queue.enqueue(tf.ones([2, 2]), tf.tensor1d([1, 3e7]))).toThrow(
      'MemoryQueue.enqueue: labels must be below 2^24',
    );
    queue.dispose();
  });

  it.each([
    ['text', ['a', 'b'], "got the text 'a' at position 0"],
    ['digits as text', ['1', '2'], "got the text '1' at position 0"],
    ['NaN', [0, Number.NaN], 'got NaN at position 1'],
    ['fractions', [0, 1.5], 'got 1.5 at position 1'],
    ['numbers that JavaScript merges', [2 ** 53, 1], 'got 9007199254740992 at position 0'],
    ['nothing', [undefined, 1], 'got undefined at position 0'],
  ])('refuses %s', (_, labels, message) => {
    for (const call of [
      () => pairsByLabel(labels as never),
      () => pairsByLabel([0, 1], labels as never),
      () => pairsByLabel(tf.tensor1d([0, 1], 'int32'), labels as never),
      () => supCon(tf.ones([2, 3]), labels as never),
    ]) {
      expect(call).toThrow(CrossmodalError);
      expect(call).toThrow(message);
    }
  });

  it('refuses tensors of labels that are no whole numbers', () => {
    expect(() => pairsByLabel(tf.tensor1d([0, Number.NaN]))).toThrow('labels must be whole numbers, got NaN');
    expect(() => pairsByLabel(tf.tensor1d([0, 1.5]))).toThrow('labels must be whole numbers, got 1.5');
    expect(() => pairsByLabel(tf.tensor1d(['a', 'b']))).toThrow('labels must be int32 or float32, got string');
  });
});

describe('class labels', () => {
  const matrix = () => tf.eye(2, 3) as Tensor2D;
  const losses: [string, (labels: Tensor1D) => Tensor][] = [
    ['crossEntropy', (labels) => crossEntropy(matrix(), labels)],
    ['similarityCrossEntropy', (labels) => similarityCrossEntropy(matrix(), tf.eye(3), labels)],
    ['categoricalLogLikelihood', (labels) => categoricalLogLikelihood(labels, matrix())],
    ['proxyNca', (labels) => proxyNca(matrix(), labels, tf.eye(3))],
    ['arcFace', (labels) => arcFace(matrix(), labels, tf.eye(3))],
  ];
  it.each(losses)('%s refuses what is no class', (_, loss) => {
    for (const bad of [-1, 3, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => loss(tf.tensor1d([0, bad]))).toThrow(`labels must be integers in [0, 3), got ${bad} at position 1`);
    }
    for (const bad of [-1, 3]) expect(() => loss(tf.tensor1d([0, bad], 'int32'))).toThrow(`got ${bad} at position 1`);
    expect(tf.sum(loss(tf.tensor1d([0, 2]))).dataSync()[0]).toBeTypeOf('number');
  });

  it('refuses labels in arrays likewise', () => {
    for (const loss of [proxyNca, arcFace]) {
      for (const bad of [-1, 3, 1.5, Number.NaN])
        expect(() => loss(matrix(), [0, bad], tf.eye(3))).toThrow(`got ${bad}`);
    }
  });

  it('refuses matches and targets that are no shares', () => {
    for (const bad of [-1, 2, Number.NaN]) {
      expect(() => hadsellContrastive(tf.ones([2, 3]), tf.ones([2, 3]), tf.tensor1d([1, bad]))).toThrow(
        `hadsellContrastive: matches must lie in [0, 1], got ${bad} at position 1`,
      );
      expect(() => binaryCrossEntropy(tf.ones([2]), tf.tensor1d([1, bad]))).toThrow(`got ${bad} at position 1`);
    }
  });
});

describe('logits of infinity', () => {
  it('cost what the others cost', () => {
    const logits = tf.tensor2d([[0, Number.NEGATIVE_INFINITY, 1]]);
    const labels = tf.tensor1d([0], 'int32');
    expect(crossEntropy(logits, labels)).toBeAllclose(Math.log(1 + Math.E), { rtol: 1e-6 }); // 1.3133
    const gradient = tf.grad((z: Tensor) => crossEntropy(z, labels) as Scalar)(logits);
    const share = 1 / (1 + Math.E);
    expect(gradient).toBeAllclose([[share - 1, 0, 1 - share]]);
    expect(crossEntropy(logits, tf.tensor1d([1], 'int32'))).toBeAllclose(Number.POSITIVE_INFINITY);
  });

  it('are certain answers of a binary question', () => {
    const infinity = Number.POSITIVE_INFINITY;
    const [logits, targets] = [tf.tensor1d([infinity, -infinity, 0]), tf.tensor1d([1, 0, 1])];
    expect(binaryCrossEntropy(logits, targets, { reduction: 'none' })).toBeAllclose([0, 0, Math.LN2]);
    expect(binaryCrossEntropy(logits, tf.sub(1, targets), { reduction: 'none' })).toBeAllclose([
      infinity,
      infinity,
      Math.LN2,
    ]);
    expect(tf.grad((z: Tensor) => binaryCrossEntropy(z, targets) as Scalar)(logits)).toBeAllclose([0, 0, -1 / 6]);
    expect(bernoulliLogLikelihood(tf.reshape(targets, [3, 1]), tf.reshape(logits, [3, 1]))).toBeAllclose([
      0,
      0,
      -Math.LN2,
    ]);
  });

  it('leave out classes of a distillation', () => {
    const excluded = Number.NEGATIVE_INFINITY;
    const views = tf.tensor3d([[[0, 1, excluded]], [[1, 0, excluded]]]);
    const two = tf.tensor3d([[[0, 1]], [[1, 0]]]);
    expect(dinoLoss(views, views)).toBeAllclose(dinoLoss(two, two));
  });
});

describe('what does not take part', () => {
  const nan = Number.NaN;

  it('may be NaN where its label is ignored', () => {
    const rows = tf.tensor2d([
      [1, 2, 3],
      [nan, nan, nan],
      [nan, 0, Number.POSITIVE_INFINITY],
    ]);
    const labels = tf.tensor1d([0, -100, -100], 'int32');
    const options = { ignoreLabel: -100 };
    const expected = crossEntropy(tf.tensor2d([[1, 2, 3]]), tf.tensor1d([0], 'int32'));
    for (const labelSmoothing of [0, 0.1]) {
      const alone = crossEntropy(tf.tensor2d([[1, 2, 3]]), tf.tensor1d([0], 'int32'), { labelSmoothing });
      expect(crossEntropy(rows, labels, { ...options, labelSmoothing })).toBeAllclose(alone);
    }
    const gradient = tf.grad((z: Tensor) => crossEntropy(z, labels, options) as Scalar)(rows);
    const ofOne = tf.grad((z: Tensor) => crossEntropy(z, tf.tensor1d([0], 'int32')) as Scalar)(
      tf.tensor2d([[1, 2, 3]]),
    );
    expect(gradient).toBeAllclose(tf.concat([ofOne, tf.zeros([2, 3])]));
    expect(crossEntropy(rows, labels, { ...options, reduction: 'sum' })).toBeAllclose(expected);
    expect(crossEntropy(rows, labels, { ...options, reduction: 'none' })).toBeAllclose([
      expected.dataSync()[0] as number,
      0,
      0,
    ]);
    expect(categoricalLogLikelihood(labels, rows, options)).toBeAllclose([-(expected.dataSync()[0] as number), 0, 0]);
    expect(() => crossEntropy(rows, tf.tensor1d([0, -100, -1], 'int32'), options)).toThrow(
      'or ignoreLabel -100, got -1',
    );
  });

  it('may be NaN where losses are reduced', () => {
    const losses = tf.tensor1d([1, nan, Number.POSITIVE_INFINITY, 3]);
    const valid = tf.tensor1d([1, 0, 0, 1]);
    for (const [reduction, expected] of [
      ['mean', 2],
      ['sum', 4],
      ['mean-nonzero', 2],
      ['none', [1, 0, 0, 3]],
    ] as const) {
      expect(reduceLosses(losses, { reduction, valid })).toBeAllclose(expected as number);
    }
  });

  const contrasts: [string, (a: Tensor2D, b: Tensor2D, pairs: Pairs) => Tensor][] = [
    ['infoNce', (a, b, pairs) => infoNce(a, b, { pairs })],
    ['infoNce with weights', (a, b, pairs) => infoNce(a, b, { pairs, weights: tf.ones([4, 4]), labelSmoothing: 0.1 })],
    ['infoNce, in', (a, b, pairs) => infoNce(a, b, { pairs, multiPositive: 'in' })],
    ['infoNce, each', (a, b, pairs) => infoNce(a, b, { pairs, multiPositive: 'each' })],
    ['infoNce, dot', (a, b, pairs) => infoNce(a, b, { pairs, similarity: 'dot' })],
    ['distanceContrastive', (a, b, pairs) => distanceContrastive(a, b, { pairs, symmetric: true })],
    ['sigLip', (a, b, pairs) => sigLip(a, b, { pairs, reduction: 'sum' })],
    ['tripletLoss', (a, b, pairs) => tripletLoss(a, b, { pairs, symmetric: true })],
    ['tripletLoss, hardest', (a, b, pairs) => tripletLoss(a, b, { pairs, mining: hardestPairs })],
    ['tripletLoss, semi-hard', (a, b, pairs) => tripletLoss(a, b, { pairs, mining: semiHardPairs })],
    ['marginContrastive', (a, b, pairs) => marginContrastive(a, b, { pairs })],
    ['circleLoss', (a, b, pairs) => circleLoss(a, b, { pairs })],
    ['multiSimilarityLoss', (a, b, pairs) => multiSimilarityLoss(a, b, { pairs, reduction: 'sum' })],
  ];
  it.each(contrasts)('may be NaN in rows without pairs: %s', (_, loss) => {
    const a = [
      [1, 0.2],
      [nan, nan],
      [0.3, 1],
      [1, -0.5],
    ];
    const b = [
      [1, 0.5],
      [3, 4],
      [nan, 1],
      [0.8, -0.7],
    ];
    const clean = (rows: number[][]) => rows.map((row) => row.map((value) => (Number.isNaN(value) ? 7 : value)));
    const pairs = pairsByIndex(4, { presentA: tf.tensor1d([1, 0, 1, 1]), presentB: tf.tensor1d([1, 1, 0, 1]) });
    const both = (p: number[][], q: number[][]) => {
      const [x, y] = [tf.tensor2d(p), tf.tensor2d(q)];
      const value = (u: Tensor, v: Tensor) => loss(u as Tensor2D, v as Tensor2D, pairs) as Scalar;
      return [value(x, y), ...tf.grads(value)([x, y])] as [Tensor, Tensor, Tensor];
    };
    const [value, ofA, ofB] = both(a, b);
    const [expected, expectedA, expectedB] = both(clean(a), clean(b));
    expect(value.dataSync()[0]).not.toBeNaN();
    expect(value).toBeAllclose(expected);
    expect(ofA).toBeAllclose(expectedA);
    expect(ofB).toBeAllclose(expectedB);
  });

  it('still tells modalities apart', () => {
    const classifier = (z: Tensor2D) => tf.mul(z, 1) as Tensor2D;
    expect(modalityAdversary([tf.zeros([2, 2]), tf.zeros([3, 2])], classifier)).toBeAllclose(Math.LN2);
  });
});
