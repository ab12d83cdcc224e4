import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { averaged, decayed, scaled } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Updated, UpdateRule } from './update-rule.js';

export interface LionOptions extends CommonOptions {
  /** @default 0.9 */
  beta1?: number;
  /** @default 0.99 */
  beta2?: number;
  /**
   * Decoupled.
   * @default 0
   */
  weightDecay?: number;
}

const optionNames: Record<keyof LionOptions, true> = {
  beta1: true,
  beta2: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * Lion: w = w (1 - rate decay) - rate sign(b1 m + (1 - b1) g), then m = b2 m + (1 - b2) g. Wants a learning rate three to
 * ten times below AdamW's and a weight decay as much above.
 *
 * @see Chen et al.: Symbolic discovery of optimization algorithms (2023), program 1
 * @example
 * const optimizer = lion({ learningRate: 1e-4, weightDecay: 0.1 });
 */
export function lion(options: LionOptions): RuleOptimizer {
  assertKnownOptions('lion', options, optionNames);
  const {
    beta1 = 0.9, // the paper's
    beta2 = 0.99, // the paper's
    weightDecay = 0,
    ...common
  } = options;
  const rule: UpdateRule = {
    name: 'lion',
    config: { beta1, beta2, weightDecay },
    decay: weightDecay,
    slots: (shape) => ({ momentum: { shape } }),
    scalars: (_, rate) => ({ rate }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const direction = tf.sign(averaged(slots['momentum'], gradient, beta1));
      const kept = decayed(value, scalars['rate'], rateFactor, decay);
      return {
        value: tf.sub(kept, tf.mul(direction, scaled(scalars['rate'], rateFactor))),
        slots: { momentum: averaged(slots['momentum'], gradient, beta2) },
      };
    },
  };
  return new RuleOptimizer(rule, common);
}
