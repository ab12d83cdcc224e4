import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { averaged, scaled, trustRatio } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Updated, UpdateRule } from './update-rule.js';

export interface LambOptions extends CommonOptions {
  /** @default 0.9 */
  beta1?: number;
  /** @default 0.999 */
  beta2?: number;
  /** @default 1e-6 */
  epsilon?: number;
  /** @default 0.01 */
  weightDecay?: number;
}

const optionNames: Record<keyof LambOptions, true> = {
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * LAMB, for large batches: r = m^ / (sqrt(v^) + epsilon) + decay w; w = w - rate (|w| / |r|) r, norms per variable. The ratio is
 * 1 where a norm is zero, and for variables without decay (biases, normalisations).
 *
 * @see You et al.: Large batch optimization for deep learning (2020), algorithm 2; the exception for variables without
 *   decay is timm's
 * @example
 * const optimizer = lamb({ learningRate: 5e-3, weightDecay: 0.01, groups: [{ match: /bias|norm/, weightDecay: 0 }] });
 */
export function lamb(options: LambOptions): RuleOptimizer {
  assertKnownOptions('lamb', options, optionNames);
  const {
    beta1 = 0.9, // the paper's
    beta2 = 0.999, // the paper's
    epsilon = 1e-6, // the paper's
    weightDecay = 0.01, // the paper's
    ...common
  } = options;
  const rule: UpdateRule = {
    name: 'lamb',
    config: { beta1, beta2, epsilon, weightDecay },
    decay: weightDecay,
    slots: (shape) => ({ first: { shape }, second: { shape } }),
    scalars: (t, rate) => ({
      rate,
      correction: 1 / (1 - beta1 ** t),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** t),
    }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const first = averaged(slots['first'], gradient, beta1);
      const second = averaged(slots['second'], tf.square(gradient), beta2);
      const denominator = tf.add(tf.mul(tf.sqrt(second), scalars['rootCorrection']!), epsilon);
      const adam = tf.div(tf.mul(first, scalars['correction']!), denominator);
      const direction = decay === 0 ? adam : tf.add(adam, tf.mul(value, decay));
      const rate = scaled(scalars['rate'], rateFactor);
      const size = tf.norm(direction) as Scalar;
      const step = decay === 0 ? rate : tf.mul(rate, trustRatio(tf.norm(value) as Scalar, size, size));
      return { value: tf.sub(value, tf.mul(direction, step)), slots: { first, second } };
    },
  };
  return new RuleOptimizer(rule, common);
}
