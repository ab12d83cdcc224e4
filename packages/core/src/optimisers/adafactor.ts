import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { averaged, decayed, scaled } from './parts.js';
import { type CommonOptions, RuleOptimizer } from './rule-optimizer.js';
import type { Slot, Updated, UpdateRule } from './update-rule.js';

export interface AdafactorOptions extends CommonOptions {
  /**
   * Multiplies the learning rate by the root mean square of the variable, at least `smallest`.
   * @default true
   */
  scaleByVariable?: boolean;
  /** @default 1e-3 */
  smallest?: number;
  /**
   * The average of squares at update t keeps 1 - t^decayExponent of the old one.
   * @default -0.8
   */
  decayExponent?: number;
  /**
   * Largest root mean square of an update before it meets the learning rate.
   * @default 1
   */
  clip?: number;
  /** Share of the old update that is kept; no first moment without it. */
  beta1?: number;
  /**
   * Decoupled.
   * @default 0
   */
  weightDecay?: number;
}

function rootMeanSquare(x: Tensor): Scalar {
  return tf.sqrt(tf.mean(tf.square(x))) as Scalar;
}

const optionNames: Record<keyof AdafactorOptions, true> = {
  scaleByVariable: true,
  smallest: true,
  decayExponent: true,
  clip: true,
  beta1: true,
  weightDecay: true,
  learningRate: true,
  groups: true,
};

/**
 * Adafactor: Adam's second moment of a matrix kept as its row and column means, so that the state of a [n, m] matrix is
 * n + m numbers: v = row col' / mean(row); update = g / sqrt(v), clipped to a root mean square of `clip`.
 * Variables of rank below two keep their whole second moment; above, the last two axes are factored.
 *
 * The paper's relative step is the schedule `(step) => Math.min(1e-2, 1 / Math.sqrt(step + 1))`, with warm-up
 * `(step) => Math.min(1e-6 * (step + 1), 1 / Math.sqrt(step + 1))`.
 *
 * @see Shazeer, Stern: Adafactor (2018), algorithms 4 and 5
 * @example
 * const optimizer = adafactor({ learningRate: (step) => Math.min(1e-2, 1 / Math.sqrt(step + 1)) });
 */
export function adafactor(options: AdafactorOptions): RuleOptimizer {
  assertKnownOptions('adafactor', options, optionNames);
  const {
    scaleByVariable = true, // the paper's
    smallest = 1e-3, // the paper's epsilon 2
    decayExponent = -0.8, // the paper's
    clip = 1, // the paper's
    beta1,
    weightDecay = 0,
    ...common
  } = options;
  const tiny = 1e-30; // the paper's epsilon 1
  const rule: UpdateRule = {
    name: 'adafactor',
    config: { scaleByVariable, smallest, decayExponent, clip, weightDecay, ...(beta1 === undefined ? {} : { beta1 }) },
    decay: weightDecay,
    slots: (shape): Record<string, Slot> => {
      const lead = shape.slice(0, -2);
      const [rows = 1, columns = 1] = shape.slice(-2);
      return {
        ...(shape.length < 2
          ? { square: { shape } }
          : { row: { shape: [...lead, rows, 1] }, column: { shape: [...lead, 1, columns] } }),
        ...(beta1 === undefined ? {} : { first: { shape } }),
      };
    },
    scalars: (t, rate) => ({ rate, fresh: t ** decayExponent }),
    update({ value, gradient, slots, scalars, rateFactor, decay }): Updated {
      const fresh = scalars['fresh']!;
      const blend = (old: Tensor | undefined, now: Tensor) => tf.add(old!, tf.mul(tf.sub(now, old!), fresh));
      const squares = tf.add(tf.square(gradient), tiny);
      const next: Record<string, Tensor> = {};
      let update: Tensor;
      if (slots['row']) {
        const row = blend(slots['row'], tf.mean(squares, -1, true));
        const column = blend(slots['column'], tf.mean(squares, -2, true));
        next['row'] = row;
        next['column'] = column;
        // Two roots, since the product of row and column may leave the range of float32.
        const rowFactor = tf.rsqrt(tf.div(row, tf.mean(row, -2, true)));
        update = tf.mul(tf.mul(gradient, rowFactor as Tensor2D), tf.rsqrt(column));
      } else {
        next['square'] = blend(slots['square'], squares);
        update = tf.mul(gradient, tf.rsqrt(next['square']));
      }
      const rate = scaled(scalars['rate'], rateFactor);
      const step = scaleByVariable ? tf.mul(rate, tf.maximum(rootMeanSquare(value), smallest)) : rate;
      const limited = tf.div(update, tf.maximum(tf.div(rootMeanSquare(update), clip), 1));
      let moved: Tensor = tf.mul(limited, step);
      if (beta1 !== undefined) {
        moved = averaged(slots['first'], moved, beta1);
        next['first'] = moved;
      }
      return { value: tf.sub(decayed(value, scalars['rate'], rateFactor, decay), moved), slots: next };
    },
  };
  return new RuleOptimizer(rule, common);
}
