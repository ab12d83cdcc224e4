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

/** Heights that were chosen on held-out training emojis, among 0.1 and 1, and 1 and 10: RESULTS.md of the package adaptation. */
const heights = { adversary: 0.1, discrepancy: 10 };

/** The schedule of DANN, to this height. */
function rising(height: number, { steps }: Pick<Length, 'steps'>): Schedule {
  const annealing = dannAnnealing({ steps });
  return (step) => height * annealing(step);
}

/** What joins a dual encoder with unnamed pictures of another style. All of them see the same batches. */
export const styleMethods = {
  'the same batches, lambda 0': (model: Model, length: Length) => adversarial(model, 0, length),
  'contrastive + adversarial': (model: Model, length: Length) =>
    adversarial(model, rising(heights.adversary, length), length),
  'contrastive + MMD': (model: Model, length: Length) =>
    contrastiveDiscrepancy({
      ...{ model, weight: rising(heights.discrepancy, length), adapted: ['image'] },
      distance: (source, target) => mmd(source, target, { kernel }),
    }),
  'contrastive + CORAL': (model: Model, length: Length) =>
    contrastiveDiscrepancy({
      // The distance is divided by 4 d^2; covariances of vectors of length one are about 1 / d, so that it would hardly count.
      ...{ model, weight: rising(4 * model.dimension ** 2, length), adapted: ['image'] },
      distance: coral,
    }),
  'matched similarity + adversarial': (model: Model, length: Length) =>
    adversarial(model, rising(heights.adversary, length), length),
} as const satisfies Record<string, (model: Model, length: Length) => Trainable<StyleBatch>>;

/** Minus the mean similarity of what belongs together, without negatives. */
const matchedSimilarity: PairLoss = (a, b) => tf.tidy(() => tf.neg(tf.mean(tf.sum(tf.mul(a, b), 1))) as Scalar);

/** What is minimised between pictures and names; undefined: InfoNCE. */
export const stylePairLosses: Readonly<Record<string, PairLoss>> = {
  'matched similarity + adversarial': matchedSimilarity,
};

/** The name of a method. */
export type StyleMethod = keyof typeof styleMethods;
