import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { hostInput } from '../device/host-input.js';
import { CrossmodalError } from '../errors.js';
import { nextInStep } from '../random/step-scope.js';
import type { NamedVariables } from '../variables.js';

export interface AverageOptions {
  /** Share of the old average that each update keeps. */
  decay?: number;
  /** Starts with a small decay: min(decay, (1 + t) / (10 + t)) at update t. */
  warmup?: boolean;
}

/**
 * Exponential moving average of weights: a = decay a + (1 - decay) w after each update. Starts as a copy.
 *
 * @see Polyak, Juditsky: Acceleration of stochastic approximation by averaging (1992); warm-up as in TensorFlow's
 *   ExponentialMovingAverage
 */
export class WeightAverage {
  readonly #decay: number;
  readonly #warmup: boolean;
  readonly #weights: NamedVariables;
  readonly #averages: NamedVariables = {};
  updates = 0;

  constructor(weights: NamedVariables, { decay = 0.999, warmup = false }: AverageOptions = {}) {
    if (!(decay >= 0 && decay < 1)) throw new CrossmodalError(`WeightAverage: decay must be in [0, 1), got ${decay}`);
    this.#decay = decay;
    this.#warmup = warmup;
    this.#weights = weights;
    for (const [name, weight] of Object.entries(weights)) {
      this.#averages[name] = tf.tidy(() => tf.variable(tf.clone(weight), false));
    }
  }

  /** The averages, by the names of the weights. */
  get averages(): NamedVariables {
    return this.#averages;
  }

  /** One update; usable inside a compiled step, which then advances `updates`. */
  update(): void {
    tf.tidy(() => {
      const place = nextInStep(this);
      const rest = hostInput([], 'float32', (out) => {
        if (!place) this.updates++;
        const t = place ? this.updates + place.index + 1 : this.updates;
        out[0] = 1 - (this.#warmup ? Math.min(this.#decay, (1 + t) / (10 + t)) : this.#decay);
      }) as Scalar;
      for (const [name, weight] of Object.entries(this.#weights)) {
        const average = this.#averages[name]!;
        average.assign(tf.add(average, tf.mul(tf.sub(weight, average), rest)));
      }
    });
  }

  /** Exchanges weights and averages; twice is the identity. */
  swap(): void {
    tf.tidy(() => {
      for (const [name, weight] of Object.entries(this.#weights)) {
        const average = this.#averages[name]!;
        const held = tf.clone(weight);
        weight.assign(tf.clone(average));
        average.assign(held);
      }
    });
  }

  dispose(): void {
    tf.dispose(this.#averages);
  }
}
