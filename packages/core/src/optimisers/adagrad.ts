import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { scaled, withPenalty } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Updated, UpdateRule } from './update-rule.js';

export interface AdagradOptions extends CommonOptions {
  /**
   * Divides the learning rate of update t by 1 + (t - 1) rateDecay.
   * @default 0
   */
  rateDecay?: number;
  /**
   * What the sums of squares start from.
   * @default 0
   */
  initial?: number;
  /** @default 1e-10 */
  epsilon?: number;
  /** @default 0 */
  weightDecay?: number;
}

const optionNames: Record<keyof AdagradOptions, true> = {
  rateDecay: true,
  initial: true,
  epsilon: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * Adagrad: s = s + g^2; w = w - rate g / (sqrt(s) + epsilon).
 *
 * @see Duchi, Hazan, Singer: Adaptive subgradient methods (2011), figure 1
 * @example
 * const optimizer = adagrad({ learningRate: 0.01 });
 */
export function adagrad(options: AdagradOptions): RuleOptimizer {
  assertKnownOptions('adagrad', options, optionNames);
  const {
    rateDecay = 0,
    initial = 0,
    epsilon = 1e-10, // torch's default
    weightDecay = 0,
    ...common
  } = options;
  const rule: UpdateRule = {
    name: 'adagrad',
    config: { rateDecay, initial, epsilon, weightDecay },
    decay: weightDecay,
    slots: (shape) => ({ sum: { shape, initial } }),
    scalars: (t, rate) => ({ rate: rate / (1 + (t - 1) * rateDecay) }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = withPenalty(gradient, value, decay);
      const sum = tf.add(slots['sum']!, tf.square(g));
      const step = tf.div(g, tf.add(tf.sqrt(sum), epsilon));
      return { value: tf.sub(value, tf.mul(step, scaled(scalars['rate'], rateFactor))), slots: { sum } };
    },
  };
  return new RuleOptimizer(rule, common);
}
