import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { scaled, withPenalty } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Slot, Updated, UpdateRule } from './update-rule.js';

export interface SgdOptions extends CommonOptions {
  /** @default 0 */
  momentum?: number;
  /** @default false */
  nesterov?: boolean;
  /** @default 0 */
  dampening?: number;
  /**
   * L2 penalty, added to the gradient: g + decay * w.
   * @default 0
   */
  weightDecay?: number;
}

const optionNames: Record<keyof SgdOptions, true> = {
  momentum: true,
  nesterov: true,
  dampening: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * Stochastic gradient descent: g' = g + decay w; b = momentum b + (1 - dampening) g' (the first time b = g');
 * w = w - rate b, or with Nesterov w - rate (g' + momentum b).
 *
 * @see Sutskever et al.: On the importance of initialization and momentum (2013); conventions of torch.optim.SGD
 * @example
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
 */
export function sgd(options: SgdOptions): RuleOptimizer {
  assertKnownOptions('sgd', options, optionNames);
  const { momentum = 0, nesterov = false, dampening = 0, weightDecay = 0, ...common } = options;
  const rule: UpdateRule = {
    name: 'sgd',
    config: { momentum, nesterov, dampening, weightDecay },
    decay: weightDecay,
    slots: (shape): Record<string, Slot> => (momentum === 0 ? {} : { velocity: { shape } }),
    // The buffer starts at zero, so "the first time b = g'" is a weight of 1 in place of 1 - dampening.
    scalars: (t, rate) => ({ rate, fresh: t === 1 ? 1 : 1 - dampening }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = withPenalty(gradient, value, decay);
      const rate = scaled(scalars['rate'], rateFactor);
      if (momentum === 0) return { value: tf.sub(value, tf.mul(g, rate)), slots: {} };
      const added = dampening === 0 ? g : tf.mul(g, scalars['fresh']!);
      const velocity = tf.add(tf.mul(slots['velocity']!, momentum), added);
      const direction = nesterov ? tf.add(g, tf.mul(velocity, momentum)) : velocity;
      return { value: tf.sub(value, tf.mul(direction, rate)), slots: { velocity } };
    },
  };
  return new RuleOptimizer(rule, common);
}
