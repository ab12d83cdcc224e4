import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { scaled, trustRatio, withPenalty } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Updated, UpdateRule } from './update-rule.js';

export interface LarsOptions extends CommonOptions {
  /** @default 0.9 */
  momentum?: number;
  /** @default 0 */
  weightDecay?: number;
  /**
   * Multiplies the ratio of norms.
   * @default 0.001
   */
  trust?: number;
  /** @default 1e-8 */
  epsilon?: number;
}

const optionNames: Record<keyof LarsOptions, true> = {
  momentum: true,
  weightDecay: true,
  trust: true,
  epsilon: true,
  learningRate: true,
  groups: true,
};

/**
 * LARS, for large batches: momentum descent with a rate per variable, trust |w| / (|g| + decay |w| + epsilon). The factor is 1
 * where a norm is zero, and for variables without decay.
 *
 * @see You, Gitman, Ginsburg: Large batch training of convolutional networks (2017), equation 6
 * @example
 * const optimizer = lars({ learningRate: 0.5, weightDecay: 1e-4 });
 */
export function lars(options: LarsOptions): RuleOptimizer {
  assertKnownOptions('lars', options, optionNames);
  const {
    momentum = 0.9, // the paper's
    weightDecay = 0,
    trust = 0.001, // the paper's
    epsilon = 1e-8,
    ...common
  } = options;
  const rule: UpdateRule = {
    name: 'lars',
    config: { momentum, weightDecay, trust, epsilon },
    decay: weightDecay,
    slots: (shape) => ({ velocity: { shape } }),
    scalars: (_, rate) => ({ rate }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      let g = gradient;
      if (decay !== 0) {
        const size = tf.norm(value) as Scalar;
        const slope = tf.norm(gradient) as Scalar;
        const whole = tf.add(tf.add(slope, tf.mul(size, decay)), epsilon) as Scalar;
        const ratio = trustRatio(tf.mul(size, trust), whole, slope);
        g = tf.mul(withPenalty(gradient, value, decay), ratio);
      }
      const velocity = tf.add(tf.mul(slots['velocity']!, momentum), g);
      return { value: tf.sub(value, tf.mul(velocity, scaled(scalars['rate'], rateFactor))), slots: { velocity } };
    },
  };
  return new RuleOptimizer(rule, common);
}
