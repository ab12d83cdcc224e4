import {
  type Alternating,
  assertKnownOptions,
  CrossmodalError,
  isTraining,
  type LossTerms,
  type NamedVariables,
  prefixed,
  Random,
} from '@crossmodal/core';
import { relativeSpread } from '@crossmodal/core/metrics';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { DomainAdapter } from './domain-adapter.js';
import { type DomainInputs, type Features, featureExtractor } from './feature-extractor.js';
import { head } from './head.js';

export interface AddaOptions {
  /** A classifier trained on the source (`sourceOnly`); it stays as it is. */
  source: DomainAdapter;
  /** The source's extractor as it was given to `source`, whose weights the target starts from. */
  sourceFeatures: Features;
  /** Another extractor of the same architecture, for the target; its weights are overwritten. */
  targetFeatures: Features;
  seed: number;
  /**
   * Hidden layers of the discriminator.
   * @default [500, 500]
   */
  hidden?: readonly number[];
}

/** Unlabelled items of both domains. */
export interface AddaBatch {
  source: DomainInputs;
  target: DomainInputs;
}

/**
 * The second phase of ADDA; a model for `alternatingStep`, whose objectives are, on each batch:
 *
 * - `discriminator`: mean softplus(-D(f_s)) + mean softplus(D(f_t)), source 1, target 0. Terms: `domainAccuracy`.
 * - `encoder`: mean softplus(-D(f_t)), the target labelled as source. Terms: `spread` of the target's features.
 */
export interface Adda extends Alternating<AddaBatch, 'discriminator' | 'encoder'> {
  /** Target features, [batch, features] */
  features(inputs: DomainInputs): Tensor2D;
  /** Logits of the source's label predictor on target features, [batch, classes] */
  classify(inputs: DomainInputs): Tensor2D;
  namedVariables(): NamedVariables;
  /** Frees the discriminator and the target extractor; the source classifier stays. */
  dispose(): void;
}

const optionNames: Record<keyof AddaOptions, true> = {
  source: true,
  sourceFeatures: true,
  targetFeatures: true,
  seed: true,
  hidden: true,
};

/**
 * Adversarial discriminative domain adaptation (ADDA): a copy of the source extractor learns to produce target features that
 * a discriminator takes for source features; then the source's label predictor works on the target.
 *
 * min_D mean softplus(-D(f_s(x_s))) + mean softplus(D(f_t(x_t))); min_{f_t} mean softplus(-D(f_t(x_t))), in turn.
 *
 * @throws CrossmodalError when the two extractors have different weights
 * @see Tzeng et al. (2017), equation 9
 *
 * @example
 * const adapted = adda({ source: trained, sourceFeatures, targetFeatures: digitFeatures({ seed: 2 }), seed: 2 });
 * const step = alternatingStep(adapted, {
 *   objectives: {
 *     discriminator: { optimizer: adam({ learningRate: 1e-4 }) },
 *     encoder: { optimizer: adam({ learningRate: 1e-4 }) },
 *   },
 * });
 */
export function adda(options: AddaOptions): Adda {
  assertKnownOptions('adda', options, optionNames);
  const {
    source,
    sourceFeatures,
    targetFeatures,
    seed,
    hidden = [500, 500], // the paper, section 5.1
  } = options;
  const fixed = featureExtractor('adda', sourceFeatures);
  const moving = featureExtractor('adda', targetFeatures);
  copyWeights(fixed.namedVariables(), moving.namedVariables());
  const discriminator = head('adda', { inputs: fixed.dimension, hidden, outputs: 1, random: new Random(seed) });
  const mean = (x: tf.Tensor): Scalar => tf.mean(x) as Scalar;

  return {
    objectives: {
      discriminator: {
        loss: ({ source: ofSource, target: ofTarget }, options) =>
          tf.tidy((): LossTerms => {
            const onSource = discriminator.apply(fixed.extract(ofSource, false));
            const onTarget = discriminator.apply(
              moving.extract(ofTarget, isTraining('adda.discriminator.loss', options)),
            );
            const loss = tf.add(mean(tf.softplus(tf.neg(onSource))), mean(tf.softplus(onTarget))) as Scalar;
            const right = tf.concat([tf.greater(onSource, 0), tf.lessEqual(onTarget, 0)], 0);
            return { loss, domainAccuracy: mean(tf.cast(right, 'float32')) };
          }),
        namedVariables: () => prefixed('domain', discriminator.namedVariables()),
      },
      encoder: {
        loss: ({ target: ofTarget }, options) =>
          tf.tidy((): LossTerms => {
            const rows = moving.extract(ofTarget, isTraining('adda.encoder.loss', options));
            return { loss: mean(tf.softplus(tf.neg(discriminator.apply(rows)))), spread: relativeSpread(rows) };
          }),
        namedVariables: () => prefixed('features', moving.namedVariables()),
      },
    },
    features: (inputs) => moving.extract(inputs, false),
    classify: (inputs) => tf.tidy(() => source.predict(moving.extract(inputs, false))),
    namedVariables: () => ({
      ...prefixed('features', moving.namedVariables()),
      ...prefixed('domain', discriminator.namedVariables()),
    }),
    dispose() {
      moving.dispose();
      discriminator.dispose();
    },
  };
}

function copyWeights(from: NamedVariables, to: NamedVariables): void {
  const names = Object.keys(from);
  const different = [...names.filter((name) => !to[name]), ...Object.keys(to).filter((name) => !from[name])];
  const [odd] = different;
  if (odd !== undefined)
    throw new CrossmodalError(`adda: both extractors must have the same weights, only one has '${odd}'`);
  for (const name of names) {
    const [source, target] = [from[name] as tf.Variable, to[name] as tf.Variable];
    if (source === target) throw new CrossmodalError('adda: targetFeatures must be another model than sourceFeatures');
    if (source.shape.join() !== target.shape.join()) {
      throw new CrossmodalError(
        `adda: both extractors must have the same weights, '${name}' is [${source.shape}] and [${target.shape}]`,
      );
    }
  }
  tf.tidy(() => {
    for (const name of names) (to[name] as tf.Variable).assign(tf.clone(from[name] as tf.Variable));
  });
}
