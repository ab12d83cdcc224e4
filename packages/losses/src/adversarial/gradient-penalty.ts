import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DrawOptions, drawUniform } from '../internal/draw.js';
import { safeSqrt } from '../internal/safe-sqrt.js';
import { withSecondDerivatives } from '../internal/second-derivatives.js';
import { requireFloat, requireNumber, requireSameShape, requireThat, shapeOf } from '../internal/validate.js';

/** A network from a batch to one raw output per row (any shape). */
export type Critic = (x: Tensor) => Tensor;

/** `random` (or else `seed`) draws the points between real and fake; with a seed they are always the same. */
export interface GradientPenaltyOptions extends DrawOptions {
  /**
   * The norm that the gradient should have.
   * @default 1
   */
  target?: number;
  /** [batch] or [batch, 1, ...] numbers in [0, 1] instead of drawn ones: how much of `real` each point has. */
  epsilon?: Tensor;
}

/**
 * The penalty of WGAN-GP: the critic's gradient has norm 1 between real and generated samples. Multiply by lambda (10 in the paper) and
 * add it to `discriminatorLoss(real, fake, { kind: 'wasserstein' })`.
 *
 * mean_i ( || grad_x D(x^_i) ||_2 - target )^2, x^_i = epsilon_i real_i + (1 - epsilon_i) fake_i. Differentiable in D's weights.
 * Dense and convolutional layers and the usual activations may be used in D; what TensorFlow.js has no second derivative for (max
 * pooling) may not, and throws.
 *
 * @param critic maps a batch to raw outputs; rows must not influence each other (no batch normalisation)
 * @param real [batch, ...], float32
 * @param fake [batch, ...], float32
 * @throws CrossmodalError when the shapes differ
 * @see Gulrajani et al., 2017, Improved Training of Wasserstein GANs, eq. 3 and algorithm 1
 * @example
 * const loss = tf.add(discriminatorLoss(d(real), d(fake), { kind: 'wasserstein' }), tf.mul(10, gradientPenalty(d, real, fake, { random })));
 */
export function gradientPenalty(
  critic: Critic,
  real: Tensor,
  fake: Tensor,
  { target = 1, epsilon, seed, random, ...others }: GradientPenaltyOptions = {}, // the paper's two-sided penalty
): Scalar {
  assertKnownOptions('gradientPenalty', others, ['target', 'epsilon', 'seed', 'random']);

  const where = 'gradientPenalty';
  requireFloat(where, 'real', real);
  requireFloat(where, 'fake', fake);
  requireSameShape(where, ['real', 'fake'], real, fake);
  requireThat(real.rank >= 2, where, () => `real and fake must be [batch, ...], got ${shapeOf(real)}`);
  requireNumber(where, 'target', target, { minimum: 0 });
  const batch = real.shape[0] as number;
  requireThat(
    !epsilon || epsilon.size === batch,
    where,
    () => `epsilon must have one entry per row, got ${shapeOf(epsilon as Tensor)}`,
  );
  return tf.tidy(() => {
    const share = tf.reshape(epsilon ?? drawUniform([batch], { seed, random }), [
      batch,
      ...real.shape.slice(1).map(() => 1),
    ]);
    const between = tf.add(tf.mul(share, real), tf.mul(tf.sub(1, share), fake));
    const norms = safeSqrt(squaredGradientNorms(critic, between));
    return tf.mean(tf.square(tf.sub(norms, target))) as Scalar;
  });
}

/**
 * R1: the discriminator's gradient vanishes on real samples. Multiply by gamma / 2 (gamma = 10 in the paper) and add it to any
 * discriminator loss; on generated samples it is R2.
 *
 * mean_i || grad_x D(x_i) ||_2^2. Differentiable in D's weights, see {@link gradientPenalty} for what D may contain.
 *
 * @param critic maps a batch to raw outputs; rows must not influence each other
 * @param x [batch, ...], float32
 * @throws CrossmodalError when x has rank below 2
 * @see Mescheder et al., 2018, Which Training Methods for GANs do actually Converge?, eq. 9
 * @example
 * const loss = tf.add(discriminatorLoss(d(real), d(fake)), tf.mul(5, squaredGradientPenalty(d, real)));
 */
export function squaredGradientPenalty(critic: Critic, x: Tensor): Scalar {
  requireFloat('squaredGradientPenalty', 'x', x);
  requireThat(x.rank >= 2, 'squaredGradientPenalty', () => `x must be [batch, ...], got ${shapeOf(x)}`);
  return tf.tidy(() => tf.mean(squaredGradientNorms(critic, x)) as Scalar);
}

/** A network from samples and their conditions to one raw output per row (any shape). */
export type ConditionalCritic = (x: Tensor, condition: Tensor) => Tensor;

/**
 * The matching-aware gradient penalty of DF-GAN: the discriminator is flat around real samples under the conditions that they match, in both.
 * Multiply by k (2 in the paper) and add it to any discriminator loss.
 *
 * mean_i ( || grad_x D(x_i, c_i) ||_2 + || grad_c D(x_i, c_i) ||_2 )^power. Differentiable in D's weights, see {@link gradientPenalty} for
 * what D may contain. (The paper's code takes the norm of both gradients together.)
 *
 * @param critic maps samples and conditions to raw outputs, which depend on both; rows must not influence each other
 * @param x [batch, ...], float32
 * @param condition [batch, dim], float32
 * @param options.power p, 6 by default
 * @throws CrossmodalError when x or condition has a rank below 2, or their rows differ
 * @see Tao et al., 2022, DF-GAN: A Simple and Effective Baseline for Text-to-Image Synthesis, eq. 1
 * @example
 * const critic = (x, condition) => tf.sum(tf.mul(x, condition), 1);
 * const penalty = tf.mul(2, matchingAwareGradientPenalty(critic, real, text));
 */
export function matchingAwareGradientPenalty(
  critic: ConditionalCritic,
  x: Tensor,
  condition: Tensor,
  {
    power = 6,
    ...others
  }: {
    /** @default 6 */
    power?: number;
  } = {}, // the paper's
): Scalar {
  const where = 'matchingAwareGradientPenalty';
  assertKnownOptions('matchingAwareGradientPenalty', others, ['power']);
  requireFloat(where, 'x', x);
  requireFloat(where, 'condition', condition);
  requireThat(
    x.rank >= 2 && condition.rank >= 2 && x.shape[0] === condition.shape[0],
    where,
    () => `x and condition must be [batch, ...] with equally many rows, got ${shapeOf(x)} and ${shapeOf(condition)}`,
  );
  requireNumber(where, 'power', power, { minimum: 1 });
  return tf.tidy(() => {
    const gradients = withSecondDerivatives(() =>
      tf.grads((samples: Tensor, conditions: Tensor) => tf.sum(critic(samples, conditions)))([x, condition]),
    );
    const norms = gradients.map((gradient) => safeSqrt(squaredNorms(gradient)));
    return tf.mean(tf.pow(tf.addN(norms), power)) as Scalar;
  });
}

/** || grad_x D(x_i) ||^2 for each row: [batch]. */
function squaredGradientNorms(critic: Critic, x: Tensor): Tensor {
  return squaredNorms(withSecondDerivatives(() => tf.grad((input: Tensor) => tf.sum(critic(input)))(x)));
}

/** The squared norm of each row: [batch]. */
function squaredNorms(rows: Tensor): Tensor {
  return tf.sum(tf.square(tf.reshape(rows, [rows.shape[0] as number, -1])), 1);
}
