import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { averaged, scaled, withPenalty } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Updated, UpdateRule } from './update-rule.js';

export interface AdadeltaOptions extends CommonOptions {
  /**
   * Share of the old averages that is kept.
   * @default 0.9
   */
  smoothing?: number;
  /** @default 1e-6 */
  epsilon?: number;
  /** @default 0 */
  weightDecay?: number;
}

const optionNames: Record<keyof AdadeltaOptions, true> = {
  smoothing: true,
  epsilon: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * Adadelta: v = a v + (1 - a) g^2; d = g sqrt(u + epsilon) / sqrt(v + epsilon); u = a u + (1 - a) d^2; w = w - rate d.
 *
 * @see Zeiler: ADADELTA: an adaptive learning rate method (2012), algorithm 1
 * @example
 * const optimizer = adadelta({ learningRate: 1 });
 */
export function adadelta(options: AdadeltaOptions): RuleOptimizer {
  assertKnownOptions('adadelta', options, optionNames);
  const {
    smoothing = 0.9, // torch's default
    epsilon = 1e-6, // the paper's
    weightDecay = 0,
    ...common
  } = options;
  const rule: UpdateRule = {
    name: 'adadelta',
    config: { smoothing, epsilon, weightDecay },
    decay: weightDecay,
    slots: (shape) => ({ square: { shape }, delta: { shape } }),
    scalars: (_, rate) => ({ rate }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = withPenalty(gradient, value, decay);
      const square = averaged(slots['square'], tf.square(g), smoothing);
      const ratio = tf.div(tf.sqrt(tf.add(slots['delta']!, epsilon)), tf.sqrt(tf.add(square, epsilon)));
      const step = tf.mul(g, ratio);
      const delta = averaged(slots['delta'], tf.square(step), smoothing);
      return { value: tf.sub(value, tf.mul(step, scaled(scalars['rate'], rateFactor))), slots: { square, delta } };
    },
  };
  return new RuleOptimizer(rule, common);
}
