import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { averaged, scaled, withPenalty } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Slot, Updated, UpdateRule } from './update-rule.js';

export interface RmsPropOptions extends CommonOptions {
  /**
   * Share of the old average of squares that is kept.
   * @default 0.99
   */
  smoothing?: number;
  /** @default 1e-8 */
  epsilon?: number;
  /** @default 0 */
  momentum?: number;
  /**
   * Divides by the standard deviation in place of the root mean square.
   * @default false
   */
  centered?: boolean;
  /** @default 0 */
  weightDecay?: number;
  /**
   * TensorFlow's form: epsilon inside the root, averages start at one, the learning rate inside the momentum.
   * @default false
   */
  tensorflowStyle?: boolean;
}

const optionNames: Record<keyof RmsPropOptions, true> = {
  smoothing: true,
  epsilon: true,
  momentum: true,
  centered: true,
  weightDecay: true,
  tensorflowStyle: true,
  learningRate: true,
  groups: true,
};

/**
 * RMSprop: v = a v + (1 - a) g^2; w = w - rate g / (sqrt(v) + epsilon), with momentum on the quotient if asked.
 *
 * @see Tieleman, Hinton: Lecture 6.5 of Neural networks for machine learning (2012); conventions of torch.optim.RMSprop
 * @example
 * const optimizer = rmsProp({ learningRate: 1e-3 });
 */
export function rmsProp(options: RmsPropOptions): RuleOptimizer {
  assertKnownOptions('rmsProp', options, optionNames);
  const {
    smoothing = 0.99, // torch's default
    epsilon = 1e-8, // torch's default
    momentum = 0,
    centered = false,
    weightDecay = 0,
    tensorflowStyle = false,
    ...common
  } = options;
  const rule: UpdateRule = {
    name: 'rmsProp',
    config: { smoothing, epsilon, momentum, centered, weightDecay, tensorflowStyle },
    decay: weightDecay,
    slots: (shape): Record<string, Slot> => ({
      square: { shape, initial: tensorflowStyle ? 1 : 0 },
      ...(centered ? { mean: { shape } } : {}),
      ...(momentum > 0 ? { velocity: { shape } } : {}),
    }),
    scalars: (_, rate) => ({ rate }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = withPenalty(gradient, value, decay);
      const rate = scaled(scalars['rate'], rateFactor);
      const next: Record<string, Tensor> = { square: averaged(slots['square'], tf.square(g), smoothing) };
      let spread = next['square']!;
      if (centered) {
        next['mean'] = averaged(slots['mean'], g, smoothing);
        spread = tf.sub(spread, tf.square(next['mean']));
      }
      const root = tensorflowStyle ? tf.sqrt(tf.add(spread, epsilon)) : tf.add(tf.sqrt(spread), epsilon);
      const step = tf.div(g, root);
      if (momentum === 0) return { value: tf.sub(value, tf.mul(step, rate)), slots: next };
      const added = tensorflowStyle ? tf.mul(step, rate) : step;
      const velocity = tf.add(tf.mul(slots['velocity']!, momentum), added);
      next['velocity'] = velocity;
      return { value: tf.sub(value, tensorflowStyle ? velocity : tf.mul(velocity, rate)), slots: next };
    },
  };
  return new RuleOptimizer(rule, common);
}
