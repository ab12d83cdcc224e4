import { CrossmodalError } from '@crossmodal/core';
import { expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** Tensors of all the wrong kinds. */
let x: Record<'a' | 'narrow' | 'short' | 'none', Tensor2D> & { vector: Tensor1D; ints: Tensor2D; dead: Tensor2D };
beforeAll(() => {
  x = {
    a: tf.ones([8, 64]),
    narrow: tf.ones([8, 32]),
    short: tf.ones([4, 64]),
    none: tf.zeros([0, 64]),
    vector: tf.ones([8]),
    ints: tf.ones([8, 64], 'int32'),
    dead: tf.ones([8, 64]),
  };
  x.dead.dispose();
});
afterAll(() => {
  const { dead: _dead, ...alive } = x;
  tf.dispose(alive);
});

type Bad = [name: string, call: () => unknown, message: string | RegExp];
const pairs = () => losses.pairsByIndex(3);

const bad: Bad[] = [
  [
    'different shapes',
    () => losses.infoNce(x.a, x.short),
    'infoNce: a and b must have equal shape, got [8,64] and [4,64]; pass pairs when they are not matched by row',
  ],
  [
    'different widths',
    () => losses.infoNce(x.a, x.narrow),
    'infoNce: a and b must have equal width, got [8,64] and [8,32]',
  ],
  ['a vector', () => losses.infoNce(x.vector as never, x.a), 'infoNce: a must have rank 2, [batch, dim], got [8]'],
  ['integers', () => losses.infoNce(x.ints, x.a), "infoNce: a must be float32, got int32; use tf.cast(a, 'float32')"],
  ['an empty batch', () => losses.infoNce(x.none, x.none), 'infoNce: a must not be empty, got [0,64]'],
  ['a disposed tensor', () => losses.infoNce(x.dead, x.a), 'infoNce: a must be alive, it has been disposed'],
  ['no tensor', () => losses.infoNce([[1]] as never, x.a), 'infoNce: a must be a tensor, got object'],
  [
    'temperature 0',
    () => losses.infoNce(x.a, x.a, { temperature: 0 }),
    'infoNce: temperature must be a finite number > 0, got 0',
  ],
  [
    'temperature NaN',
    () => losses.ntXent(x.a, x.a, { temperature: Number.NaN }),
    'ntXent: temperature must be a finite number > 0, got NaN',
  ],
  [
    'a temperature per row',
    () => losses.distanceContrastive(x.a, x.a, { temperature: x.vector as never }),
    'distanceContrastive: temperature must be a number or a scalar tensor, got shape [8]',
  ],
  [
    'label smoothing above 1',
    () => losses.infoNce(x.a, x.a, { labelSmoothing: 2 }),
    'infoNce: labelSmoothing must be a finite number >= 0 and <= 1, got 2',
  ],
  [
    'an unknown reduction',
    () => losses.sigLip(x.a, x.a, { reduction: 'avg' as never }),
    'reduceLosses: reduction must be one of mean, mean-nonzero, sum, none, got avg',
  ],
  [
    'an unknown distance',
    () => losses.tripletLoss(x.a, x.a, { distance: 'l2' as never }),
    /tripletLoss: distance must be one of cosine, dot, euclidean, .* got l2/,
  ],
  [
    'label smoothing of a form that has no single target',
    () =>
      tf.tidy(() =>
        losses.infoNce(x.a, x.a, { labelSmoothing: 0.1, multiPositive: 'in', pairs: losses.pairsByIndex(8) }),
      ),
    'infoNce: labelSmoothing goes with multiPositive out only, got in',
  ],
  [
    'negatives of another width',
    () => losses.infoNce(x.a, x.a, { negatives: x.narrow }),
    'infoNce: negatives and b must have equal width, got [8,32] and [8,64]',
  ],
  [
    'a queue without negatives',
    () => losses.infoNce(x.a, x.a, { inBatchNegatives: false }),
    'infoNce: inBatchNegatives: false needs negatives and reverseNegatives, or symmetric: false',
  ],
  [
    'blocks and pairs together',
    () => tf.tidy(() => losses.infoNce(x.a, x.a, { blockRows: 2, pairs: losses.pairsByIndex(8) })),
    /blockRows goes without pairs/,
  ],
  [
    'blocks of no rows',
    () => losses.infoNce(x.a, x.a, { blockRows: 0 }),
    'infoNce: blockRows must be an integer of at least 1, got 0',
  ],
  [
    'pairs of another batch',
    () => tf.tidy(() => losses.infoNce(x.a, x.a, { pairs: pairs() })),
    'infoNce: pairs.positive must be float32 [8,8], got float32 [3,3]',
  ],
  [
    'weights of another batch',
    () => losses.infoNce(x.a, x.a, { weights: x.a }),
    'infoNce: weights must be [8,8], got [8,64]',
  ],
  [
    'no reduction of unequal sides',
    () =>
      tf.tidy(() =>
        losses.infoNce(x.a, x.short, {
          pairs: losses.pairsByLabel([1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1]),
          reduction: 'none',
        }),
      ),
    /equally many rows for reduction none/,
  ],
  [
    'unequal sides without pairs',
    () => losses.sigLip(x.a, x.short),
    'sigLip: a and b must have equally many rows when no pairs are given, got 8 and 4; pass pairs',
  ],
  [
    'labels of another batch',
    () => losses.supCon(x.a, [1, 2]),
    'supCon: labels must have one entry per row, [8], got [2]',
  ],
  ['empty labels', () => losses.pairsByLabel([]), 'pairsByLabel: labels must not be empty'],
  ['labels of unlike rank', () => losses.pairsByLabel([1, 2], x.a), /labels and otherLabels must both be \[rows\]/],
  [
    'present of another batch',
    () => losses.pairsByIndex(4, { presentA: x.vector }),
    'pairsByIndex: presentA must have 4 entries, got 8',
  ],
  [
    'epsilon beyond delta',
    () => losses.marginContrastive(x.a, x.a, { epsilon: 2, delta: 1 }),
    'marginContrastive: epsilon must not exceed delta, got epsilon 2 and delta 1',
  ],
  [
    'matches of another batch',
    () => losses.hadsellContrastive(x.short, x.short, x.vector),
    'hadsellContrastive: matches must have one entry per row, [4], got [8]',
  ],
  [
    'mining and a selection',
    () => losses.tripletLoss(x.a, x.a, { mining: losses.hardestPairs, triplets: 'hard' }),
    /triplets: hard goes without mining/,
  ],
  [
    'a count of negatives of 0',
    () => tf.tidy(() => losses.hardNegatives(tf.ones([3, 3]), pairs(), { count: 0 })),
    'hardNegatives: count must be an integer of at least 1, got 0',
  ],
  [
    'a label without a class',
    () => losses.proxyNca(x.a, [0, 1, 2, 3, 0, 1, 2, 99], x.short),
    'proxyNca: labels must be integers in [0, 4), got 99',
  ],
  [
    'too few labels',
    () => losses.arcFace(x.a, [0, 1], x.short),
    'arcFace: labels must have one entry per row, 8, got 2',
  ],
  [
    'logits without labels',
    () => losses.crossEntropy(x.a, x.a),
    'crossEntropy: logits must be [..., classes] and labels [...], got [8,64] and [8,64]',
  ],
  [
    'targets of another shape',
    () => losses.binaryCrossEntropy(x.a, x.short),
    'binaryCrossEntropy: logits and targets must have equal shape, got [8,64] and [4,64]',
  ],
  [
    'one view',
    () => tf.tidy(() => losses.dinoLoss(tf.ones([1, 4, 3]), tf.ones([1, 4, 3]))),
    /at least one pair of different views/,
  ],
  [
    'unbiased MMD of one row',
    () => tf.tidy(() => losses.mmd(tf.ones([1, 3]), tf.ones([4, 3]), { estimator: 'unbiased' })),
    'mmd: the unbiased estimator needs two rows in each sample, got 1 and 4; use estimator biased',
  ],
  [
    'linear-time MMD of unequal samples',
    () => losses.mmd(x.a, x.short, { estimator: 'linear-time' }),
    'mmd: the linear-time estimator needs equally many rows, got 8 and 4',
  ],
  [
    'a bandwidth of 0',
    () => losses.gaussianKernel({ sigma: [1, 0] }),
    'gaussianKernel: sigma and factors must be a finite number > 0, got 0',
  ],
  ['no bandwidth', () => losses.gaussianKernel({ sigma: [] }), /must not be empty lists/],
  [
    'an unknown heuristic',
    () => losses.gaussianKernel({ sigma: 'best' as never }),
    /sigma must be a number, numbers, median or mean, got best/,
  ],
  [
    'samples of other widths',
    () => losses.coral(x.a, x.narrow),
    'coral: x and y must have equal width, got [8,64] and [8,32]',
  ],
  ['views of other items', () => losses.cka(x.a, x.short), 'cka: x and y must have equally many rows, got 8 and 4'],
  [
    'power 3',
    () => losses.slicedWasserstein(x.a, x.a, { power: 3 as never }),
    'slicedWasserstein: power must be 1 or 2, got 3',
  ],
  ['epsilon 0', () => losses.sinkhorn(x.a, { epsilon: 0 }), 'sinkhorn: epsilon must be a finite number > 0, got 0'],
  [
    'too much relaxation',
    () => losses.sinkhornCost(x.a, x.a, { relaxation: 2 }),
    'sinkhorn: relaxation must be a finite number >= 1 and <= 1.8, got 2',
  ],
  [
    'weights of another sample',
    () => losses.sinkhorn(x.short, { a: x.vector }),
    'sinkhorn: a must have 4 entries, got [8]',
  ],
  [
    'an unknown game',
    () => losses.discriminatorLoss(x.vector, x.vector, { kind: 'gan' as never }),
    /discriminatorLoss: kind must be one of minimax, .* got gan/,
  ],
  [
    'real and fake of other shapes',
    () => losses.gradientPenalty((t) => t, x.a, x.short),
    'gradientPenalty: real and fake must have equal shape, got [8,64] and [4,64]',
  ],
  [
    'one modality',
    () => losses.modalityAdversary([x.a], (t) => t),
    'modalityAdversary: at least two modalities are needed, got 1',
  ],
  [
    'a classifier of another width',
    () => losses.modalityAdversary([x.a, x.a], (t) => tf.clone(t)),
    'modalityAdversary: classifier must return [rows, 2], got [16,64]',
  ],
  [
    'a mean of another shape',
    () => losses.klStandardNormal(x.a, x.short),
    'klStandardNormal: mean and logVariance must have equal shape, got [8,64] and [4,64]',
  ],
  [
    'a negative floor',
    () => losses.freeBits(x.a, x.a, { floor: -1 }),
    'freeBits: floor must be a finite number >= 0, got -1',
  ],
  [
    'weights without samples',
    () => losses.iwaeBound(x.vector as never),
    'iwaeBound: logWeights must have rank 2, [batch, dim], got [8]',
  ],
  [
    'too many batch dimensions',
    () => losses.bernoulliLogLikelihood(x.a, x.a, { batchDims: 3 }),
    /batchDims must be an integer from 0 to 2, got 3/,
  ],
  [
    'a queue of size 0',
    () => new losses.MemoryQueue({ size: 0, dimension: 4 }),
    'MemoryQueue: size must be an integer of at least 1, got 0',
  ],
  [
    'no shared tensor',
    () => losses.gradientNorms({ a: () => tf.scalar(1) }, []),
    /at least one term and one shared tensor/,
  ],
];

describe('bad input', () => {
  it.each(bad)('%s', async (_name, call, message) => {
    expect(call).toThrow(message);
    try {
      call();
    } catch (error) {
      expect(CrossmodalError.isInstance(error)).toBe(true);
    }
    await expectNoLeakWhenThrowing(call as () => Tensor, message);
  });

  it('a critic that throws leaves the registered gradients as they were', () => {
    const before = ['Tanh', 'Sigmoid', 'Softmax'].map((name) => tf.getGradient(name));
    const critic = (input: Tensor): Tensor => {
      tf.tanh(input);
      throw new Error('broken critic');
    };
    expect(() => losses.gradientPenalty(critic, x.a, x.a)).toThrow('broken critic');
    expect(['Tanh', 'Sigmoid', 'Softmax'].map((name) => tf.getGradient(name))).toEqual(before);
  });
});
