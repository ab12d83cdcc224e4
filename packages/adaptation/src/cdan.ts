import { allocateWeights, assertKnownOptions, type Random, requireOneOf } from '@crossmodal/core';
import { dannAnnealing, type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkStrength } from './check-strength.js';
import { type ConditionalDomainOptions, conditionalDomainLoss } from './conditional-domain-loss.js';
import { type AdapterOptions, type DomainAdapter, domainAdapter } from './domain-adapter.js';
import { head } from './head.js';

export interface CdanOptions
  extends AdapterOptions,
    Pick<ConditionalDomainOptions, 'entropy' | 'detachPredictions' | 'normalisation'> {
  /**
   * Strength of the gradient reversal: a number, or `dannAnnealing({ steps })`.
   * @default dannAnnealing({ steps: 2000 })
   */
  lambda?: number | Schedule;
  /**
   * Hidden layers of the discriminator.
   * @default [100]
   */
  domainHidden?: readonly number[];
  /**
   * Above this many products of classes and features they are projected to as many random ones.
   * @default 4096
   */
  largestJoint?: number;
}

/**
 * g = (R_f f) * (R_p p) / sqrt(d), R fixed and normal: inner products of g approximate those of all products p (x) f.
 */
function randomisedJoin(features: number, classes: number, width: number, random: Random) {
  const fixed = (rows: number): tf.Variable => {
    const values = allocateWeights([rows, width]);
    random.fillNormal(values);
    return tf.tidy(() => tf.variable(tf.tensor2d(values, [rows, width]), false));
  };
  const ofFeatures = fixed(features);
  const ofPredictions = fixed(classes);
  return {
    variables: { randomFeatures: ofFeatures, randomPredictions: ofPredictions },
    join: (f: Tensor2D, p: Tensor2D): Tensor2D =>
      tf.tidy(() => {
        const left = tf.matMul(f, ofFeatures as unknown as Tensor2D);
        const right = tf.matMul(p, ofPredictions as unknown as Tensor2D);
        return tf.div(tf.mul(left, right), Math.sqrt(width)) as Tensor2D;
      }),
  };
}

const optionNames: Record<keyof CdanOptions, true> = {
  lambda: true,
  domainHidden: true,
  largestJoint: true,
  entropy: true,
  detachPredictions: true,
  normalisation: true,
  features: true,
  classes: true,
  seed: true,
  hidden: true,
  joint: true,
  confusion: true,
};

/**
 * Conditional domain-adversarial training (CDAN, with `entropy` CDAN+E): as DANN, but the discriminator sees features together
 * with class predictions.
 *
 * L = CE(label predictor(f(x_s)), y_s) + the conditional domain loss (see `conditionalDomainLoss`). Reported terms:
 * `classification`, `domain`, `domainAccuracy`.
 *
 * @throws CrossmodalError when `classes` or the extractor do not fit
 * @see Long et al. (2018), equations 3-8; section 3.2 for the random projection
 *
 * @example
 * const model = cdan({ features: digitFeatures({ seed: 1 }), classes: 10, seed: 1 });
 */
export function cdan(options: CdanOptions): DomainAdapter {
  assertKnownOptions('cdan', options, optionNames);
  const {
    lambda = dannAnnealing({ steps: 2000 }), // as in `dann`
    domainHidden = [100], // the width of DANN's domain classifier on digits
    largestJoint = 4096, // the paper, section 3.2
    entropy = true, // CDAN+E
    detachPredictions = true, // the published code
    normalisation = 'domain', // the published code
    ...common
  } = options;
  requireOneOf('cdan: normalisation', normalisation, ['batch', 'domain']);
  checkStrength('cdan', 'lambda', lambda);
  return domainAdapter('cdan', common, ({ features, classes }, random) => {
    const products = features * classes;
    const randomised =
      products > largestJoint ? randomisedJoin(features, classes, largestJoint, random.fork('join')) : undefined;
    const discriminator = head('cdan', {
      inputs: Math.min(products, largestJoint),
      hidden: domainHidden,
      outputs: 1,
      random,
    });
    return {
      compute({ source, target, sourceLogits, targetLogits }) {
        const sourceRows = source.shape[0];
        const { loss, logits } = conditionalDomainLoss(
          tf.concat([source, target], 0),
          tf.concat([sourceLogits, targetLogits()], 0),
          (joined) => discriminator.apply(joined),
          {
            sourceRows,
            lambda: scheduledScalar(lambda),
            entropy,
            detachPredictions,
            normalisation,
            ...(randomised ? { join: randomised.join } : {}),
          },
        );
        const isSource = tf.concat([tf.ones([sourceRows]), tf.zeros([target.shape[0]])]);
        const right = tf.equal(tf.cast(tf.greater(logits, 0), 'float32'), isSource);
        return { domain: loss, domainAccuracy: tf.mean(tf.cast(right, 'float32')) as Scalar };
      },
      namedVariables: () => ({ ...discriminator.namedVariables(), ...randomised?.variables }),
      trainableVariables: () => discriminator.trainableVariables(),
      dispose() {
        discriminator.dispose();
        tf.dispose({ ...randomised?.variables });
      },
    };
  });
}
