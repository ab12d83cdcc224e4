import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireFloat, requireNumber, requireOneOf } from '../internal/validate.js';

/**
 * The games a discriminator D and a generator G can play, on raw outputs (logits) r = D(real) and f = D(G(z)); both sides minimise.
 *
 * | kind | discriminator | generator |
 * |---|---|---|
 * | `minimax` | mean softplus(-r) + mean softplus(f) | -mean softplus(f) = mean log(1 - D(G)) |
 * | `non-saturating` | the same | mean softplus(-f) = -mean log D(G) |
 * | `least-squares` | 1/2 mean (r - 1)^2 + 1/2 mean f^2 | 1/2 mean (f - 1)^2 |
 * | `hinge` | mean [1 - r]_+ + mean [1 + f]_+ | -mean f |
 * | `wasserstein` | mean f - mean r | -mean f |
 */
export type AdversarialKind = 'minimax' | 'non-saturating' | 'least-squares' | 'hinge' | 'wasserstein';

const kinds: readonly AdversarialKind[] = ['minimax', 'non-saturating', 'least-squares', 'hinge', 'wasserstein'];

export interface DiscriminatorLossOptions {
  /** @default 'non-saturating' */
  kind?: AdversarialKind;
  /**
   * The target of real samples in the two logistic games: 0.9 is one-sided label smoothing.
   * @default 1
   */
  realLabel?: number;
}

/**
 * What the discriminator minimises: real samples up, generated ones down. See {@link AdversarialKind} for the formulas. 2 log 2 for a
 * logistic game in which it cannot tell them apart.
 *
 * @param real any shape, float32, raw outputs for real samples
 * @param fake any shape, float32, raw outputs for generated samples
 * @throws CrossmodalError when the kind is unknown or a tensor is not float32
 * @see Goodfellow et al., 2014, eq. 1; Mao et al., 2017, LSGAN, eq. 2; Lim and Ye, 2017, and Miyato et al., 2018, eq. 16 (hinge);
 * Arjovsky et al., 2017, WGAN, algorithm 1; Salimans et al., 2016, section 3.4 (label smoothing)
 * @example
 * const loss = discriminatorLoss(discriminate(images), discriminate(generate(z)), { kind: 'hinge' });
 */
export function discriminatorLoss(
  real: Tensor,
  fake: Tensor,
  {
    kind = 'non-saturating', // Goodfellow et al.'s recommendation
    realLabel = 1,
    ...others
  }: DiscriminatorLossOptions = {},
): Scalar {
  assertKnownOptions('discriminatorLoss', others, ['kind', 'realLabel']);

  const where = 'discriminatorLoss';
  requireFloat(where, 'real', real);
  requireFloat(where, 'fake', fake);
  requireOneOf(where, 'kind', kind, kinds);
  requireNumber(where, 'realLabel', realLabel, { minimum: 0, maximum: 1 });
  return tf.tidy(() => {
    const sum = (up: Tensor, down: Tensor) => tf.add(tf.mean(up), tf.mean(down)) as Scalar;
    switch (kind) {
      case 'minimax':
      case 'non-saturating':
        return sum(tf.sub(tf.softplus(real), tf.mul(realLabel, real)), tf.softplus(fake));
      case 'least-squares':
        return tf.mul(0.5, sum(tf.square(tf.sub(real, 1)), tf.square(fake)));
      case 'hinge':
        return sum(tf.relu(tf.sub(1, real)), tf.relu(tf.add(1, fake)));
      case 'wasserstein':
        return tf.sub(tf.mean(fake), tf.mean(real)) as Scalar;
    }
  });
}

export interface GeneratorLossOptions {
  /** @default 'non-saturating' */
  kind?: AdversarialKind;
}

/**
 * What the generator minimises, against the discriminator of the same kind. See {@link AdversarialKind} for the formulas.
 *
 * @param fake any shape, float32, raw outputs for generated samples
 * @throws CrossmodalError when the kind is unknown or fake is not float32
 * @example
 * const loss = generatorLoss(discriminate(generate(z)), { kind: 'hinge' });
 */
export function generatorLoss(
  fake: Tensor,
  { kind = 'non-saturating', ...others }: GeneratorLossOptions = {}, // Goodfellow et al.'s recommendation
): Scalar {
  assertKnownOptions('generatorLoss', others, ['kind']);

  requireFloat('generatorLoss', 'fake', fake);
  requireOneOf('generatorLoss', 'kind', kind, kinds);
  return tf.tidy(() => {
    switch (kind) {
      case 'minimax':
        return tf.neg(tf.mean(tf.softplus(fake))) as Scalar;
      case 'non-saturating':
        return tf.mean(tf.softplus(tf.neg(fake))) as Scalar;
      case 'least-squares':
        return tf.mul(0.5, tf.mean(tf.square(tf.sub(fake, 1)))) as Scalar;
      case 'hinge':
      case 'wasserstein':
        return tf.neg(tf.mean(fake)) as Scalar;
    }
  });
}
