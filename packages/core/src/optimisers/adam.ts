import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { averaged, decayed, scaled, withPenalty } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Updated, UpdateRule } from './update-rule.js';

export interface AdamOptions extends CommonOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
  /** Uses the largest second moment so far. */
  amsgrad?: boolean;
}

/**
 * Adam: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w = w - rate m^ / (sqrt(v^) + epsilon), with m^ = m / (1 - b1^t) and
 * v^ = v / (1 - b2^t). `weightDecay` is an L2 penalty, added to the gradient; `adamW` has the decoupled one.
 *
 * @see Kingma, Ba: Adam (2015), algorithm 1; amsgrad: Reddi, Kale, Kumar (2018)
 * @example
 * const optimizer = adam({ learningRate: 1e-3 });
 */
export function adam(options: AdamOptions): RuleOptimizer {
  assertKnownOptions('adam', options, [
    'beta1',
    'beta2',
    'epsilon',
    'weightDecay',
    'amsgrad',
    'learningRate',
    'groups',
  ]);

  return new RuleOptimizer(adamRule('adam', { weightDecay: 0, ...options }, false), options);
}

/**
 * Adam with decoupled weight decay: w = w (1 - rate decay), then Adam's update with the gradient alone.
 *
 * @see Loshchilov, Hutter: Decoupled weight decay regularization (2019), algorithm 2
 * @example
 * const optimizer = adamW({ learningRate: cosine({ from: 1e-3, steps: 1000 }), weightDecay: 0.1 });
 */
export function adamW(options: AdamOptions): RuleOptimizer {
  assertKnownOptions('adamW', options, [
    'beta1',
    'beta2',
    'epsilon',
    'weightDecay',
    'amsgrad',
    'learningRate',
    'groups',
  ]);

  return new RuleOptimizer(adamRule('adamW', { weightDecay: 0.01, ...options }, true), options); // torch's default
}

function adamRule(
  name: string,
  {
    beta1 = 0.9, // the paper's
    beta2 = 0.999, // the paper's
    epsilon = 1e-8, // the paper's
    weightDecay = 0,
    amsgrad = false,
  }: Omit<AdamOptions, keyof CommonOptions>,
  decoupled: boolean,
): UpdateRule {
  return {
    name,
    config: { beta1, beta2, epsilon, weightDecay, amsgrad },
    decay: weightDecay,
    slots: (shape) => ({ first: { shape }, second: { shape }, ...(amsgrad ? { largest: { shape } } : {}) }),
    scalars: (t, rate) => ({
      rate,
      // In double precision: 1 - 0.999^t in float32 is off by 5e-5 for small t.
      stepSize: rate / (1 - beta1 ** t),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** t),
    }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = decoupled ? gradient : withPenalty(gradient, value, decay);
      const first = averaged(slots['first'], g, beta1);
      const second = averaged(slots['second'], tf.square(g), beta2);
      const largest = amsgrad ? tf.maximum(slots['largest']!, second) : second;
      const denominator = tf.add(tf.mul(tf.sqrt(largest), scalars['rootCorrection']!), epsilon);
      const moved = tf.mul(tf.div(first, denominator), scaled(scalars['stepSize'], rateFactor));
      const kept = decoupled ? decayed(value, scalars['rate'], rateFactor, decay) : value;
      return { value: tf.sub(kept, moved), slots: { first, second, ...(amsgrad ? { largest } : {}) } };
    },
  };
}
