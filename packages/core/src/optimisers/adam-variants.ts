import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { averaged, scaled, withPenalty } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Updated, UpdateRule } from './update-rule.js';

export interface AdamVariantOptions extends CommonOptions {
  /** @default 0.9 */
  beta1?: number;
  /** @default 0.999 */
  beta2?: number;
  /** @default 1e-8 */
  epsilon?: number;
  /**
   * L2 penalty, added to the gradient.
   * @default 0
   */
  weightDecay?: number;
}

const optionNames: Record<keyof AdamVariantOptions, true> = {
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * Adamax: Adam with the largest gradient in place of the root mean square: u = max(b2 u, |g| + epsilon);
 * w = w - rate / (1 - b1^t) m / u.
 *
 * @see Kingma, Ba: Adam (2015), algorithm 2
 * @example
 * const optimizer = adamax({ learningRate: 2e-3 });
 */
export function adamax(options: AdamVariantOptions): RuleOptimizer {
  assertKnownOptions('adamax', options, optionNames);
  const {
    beta1 = 0.9, // the paper's
    beta2 = 0.999, // the paper's
    epsilon = 1e-8, // torch's default
    weightDecay = 0,
    ...common
  } = options;
  const rule: UpdateRule = {
    name: 'adamax',
    config: { beta1, beta2, epsilon, weightDecay },
    decay: weightDecay,
    slots: (shape) => ({ first: { shape }, largest: { shape } }),
    scalars: (t, rate) => ({ stepSize: rate / (1 - beta1 ** t) }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = withPenalty(gradient, value, decay);
      const first = averaged(slots['first'], g, beta1);
      const largest = tf.maximum(tf.mul(slots['largest']!, beta2), tf.add(tf.abs(g), epsilon));
      const moved = tf.mul(tf.div(first, largest), scaled(scalars['stepSize'], rateFactor));
      return { value: tf.sub(value, moved), slots: { first, largest } };
    },
  };
  return new RuleOptimizer(rule, common);
}

const nadamOptionNames: Record<keyof (AdamVariantOptions & { momentumDecay?: number }), true> = {
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  momentumDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * NAdam: Adam with Nesterov momentum, mu_t = b1 (1 - 0.96^(0.004 t) / 2):
 * w = w - rate ((1 - mu_t) / (1 - prod mu) g + mu_(t+1) / (1 - prod mu mu_(t+1)) m) / (sqrt(v^) + epsilon).
 *
 * @see Dozat: Incorporating Nesterov momentum into Adam (2016); conventions of torch.optim.NAdam
 * @example
 * const optimizer = nadam({ learningRate: 2e-3 });
 */
export function nadam(
  options: AdamVariantOptions & {
    /** @default 0.004 */
    momentumDecay?: number;
  },
): RuleOptimizer {
  assertKnownOptions('nadam', options, nadamOptionNames);
  const {
    beta1 = 0.9, // torch's default
    beta2 = 0.999, // torch's default
    epsilon = 1e-8, // torch's default
    weightDecay = 0,
    momentumDecay = 0.004, // torch's default
    ...common
  } = options;
  const momentum = (t: number) => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
  let known = { t: 0, product: 1 };
  const product = (t: number): number => {
    if (t < known.t) known = { t: 0, product: 1 };
    for (let i = known.t + 1; i <= t; i++) known = { t: i, product: known.product * momentum(i) };
    return known.product;
  };
  const rule: UpdateRule = {
    name: 'nadam',
    config: { beta1, beta2, epsilon, weightDecay, momentumDecay },
    decay: weightDecay,
    slots: (shape) => ({ first: { shape }, second: { shape } }),
    scalars: (t, rate) => ({
      gradientStep: (rate * (1 - momentum(t))) / (1 - product(t)),
      momentumStep: (rate * momentum(t + 1)) / (1 - product(t) * momentum(t + 1)),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** t),
    }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = withPenalty(gradient, value, decay);
      const first = averaged(slots['first'], g, beta1);
      const second = averaged(slots['second'], tf.square(g), beta2);
      const denominator = tf.add(tf.mul(tf.sqrt(second), scalars['rootCorrection']!), epsilon);
      const direction = tf.add(
        tf.mul(g, scaled(scalars['gradientStep'], rateFactor)),
        tf.mul(first, scaled(scalars['momentumStep'], rateFactor)),
      );
      return { value: tf.sub(value, tf.div(direction, denominator)), slots: { first, second } };
    },
  };
  return new RuleOptimizer(rule, common);
}

const radamOptionNames: Record<keyof AdamVariantOptions, true> = {
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * RAdam: Adam whose adaptive part is switched on when its variance is tractable (rho_t > 5) and rectified by
 * r_t = sqrt((rho_t - 4)(rho_t - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t)); plain momentum before that.
 *
 * @see Liu et al.: On the variance of the adaptive learning rate and beyond (2020), algorithm 2
 * @example
 * const optimizer = radam({ learningRate: 1e-3 });
 */
export function radam(options: AdamVariantOptions): RuleOptimizer {
  assertKnownOptions('radam', options, radamOptionNames);
  const {
    beta1 = 0.9, // the paper's
    beta2 = 0.999, // the paper's
    epsilon = 1e-8, // torch's default
    weightDecay = 0,
    ...common
  } = options;
  const limit = 2 / (1 - beta2) - 1;
  const rule: UpdateRule = {
    name: 'radam',
    config: { beta1, beta2, epsilon, weightDecay },
    decay: weightDecay,
    slots: (shape) => ({ first: { shape }, second: { shape } }),
    scalars: (t, rate) => {
      const correction = 1 - beta2 ** t;
      const rho = limit - (2 * t * beta2 ** t) / correction;
      const step = rate / (1 - beta1 ** t);
      if (rho <= 5) return { adaptiveStep: 0, plainStep: step };
      const rectified = Math.sqrt(((rho - 4) * (rho - 2) * limit) / ((limit - 4) * (limit - 2) * rho));
      return { adaptiveStep: step * rectified * Math.sqrt(correction), plainStep: 0 };
    },
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const g = withPenalty(gradient, value, decay);
      const first = averaged(slots['first'], g, beta1);
      const second = averaged(slots['second'], tf.square(g), beta2);
      const adaptive = tf.div(scaled(scalars['adaptiveStep'], rateFactor), tf.add(tf.sqrt(second), epsilon));
      const factor = tf.add(adaptive, scaled(scalars['plainStep'], rateFactor));
      return { value: tf.sub(value, tf.mul(first, factor)), slots: { first, second } };
    },
  };
  return new RuleOptimizer(rule, common);
}
