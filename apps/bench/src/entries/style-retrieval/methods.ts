import { type CrossDomainBatch, contrastiveAdversarial, contrastiveDiscrepancy } from '@crossmodal/adaptation';
import type { BatchExtras, DualEncoder, PairLoss } from '@crossmodal/alignment';
import type { Trainable } from '@crossmodal/core';
import { dannAnnealing, type Schedule } from '@crossmodal/core/schedules';
import { coral, gaussianKernel, mmd } from '@crossmodal/losses';
import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Pairs of the source, and pictures of the target without names. */
export type StyleBatch = CrossDomainBatch<'image' | 'text', BatchExtras<'image' | 'text'>>;

type Model = DualEncoder<'image' | 'text'>;
interface Length {
  steps: number;
  seed: number;
}

/** The five Gaussian kernels of DAN. */
const kernel = gaussianKernel({ sigma: 'mean', factors: [0.5, Math.SQRT1_2, 1, Math.SQRT2, 2] });

const adversarial = (model: Model, lambda: number | Schedule, { seed }: Length) =>
  contrastiveAdversarial({ model, seed, lambda, adapted: ['image'] });

/**
 * What joins a dual encoder with unnamed pictures of another style. All of them see the same batches, the target's pictures go through the
 * picture encoder and its batch normalisation; with lambda 0 that is all that happens.
 */
export const styleMethods = {
  'the same batches, lambda 0': (model: Model, length: Length) => adversarial(model, 0, length),
  'contrastive + adversarial': (model: Model, length: Length) =>
    adversarial(model, dannAnnealing({ steps: length.steps }), length),
  'contrastive + MMD': (model: Model, { steps }: Length) =>
    contrastiveDiscrepancy({
      ...{ model, weight: dannAnnealing({ steps }), adapted: ['image'] },
      distance: (source, target) => mmd(source, target, { kernel }),
    }),
  'contrastive + CORAL': (model: Model, { steps }: Length) =>
    contrastiveDiscrepancy({
      // The distance is divided by 4 d^2; covariances of vectors of length one are about 1 / d, so that it would hardly count.
      ...{ model, weight: (step) => 4 * model.dimension ** 2 * dannAnnealing({ steps })(step), adapted: ['image'] },
      distance: coral,
    }),
  'matched similarity + adversarial': (model: Model, length: Length) =>
    adversarial(model, dannAnnealing({ steps: length.steps }), length),
} as const satisfies Record<string, (model: Model, length: Length) => Trainable<StyleBatch>>;

/** Minus the mean similarity of what belongs together, without negatives. */
const matchedSimilarity: PairLoss = (a, b) => tf.tidy(() => tf.neg(tf.mean(tf.sum(tf.mul(a, b), 1))) as Scalar);

/** What is minimised between pictures and names; undefined: InfoNCE. */
export const stylePairLosses: Readonly<Record<string, PairLoss>> = {
  'matched similarity + adversarial': matchedSimilarity,
};

/** The name of a method. */
export type StyleMethod = keyof typeof styleMethods;
