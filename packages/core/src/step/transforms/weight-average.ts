import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireRate } from '../../checks.js';
import { hostInput } from '../../compile/host-input.js';
import { assertKnownOptions } from '../../known-options.js';
import { nextInStep } from '../../random/step-scope.js';
import type { NamedVariables } from '../../variables.js';

export interface AverageOptions {
  /** Share of the old average that each update keeps. */
  decay?: number;
  /** Follows the weights closely at first: update t keeps at most 1 - (t - 1)^(-2/3). */
  warmup?: boolean;
  /** Averages all updates equally (stochastic weight averaging); `decay` then means nothing. */
  equal?: boolean;
}

/** @throws CrossmodalError for unknown options and a decay outside [0, 1) */
export function checkAverageOptions(caller: string, options: AverageOptions): void {
  const names: Record<keyof AverageOptions, true> = { decay: true, warmup: true, equal: true };
  assertKnownOptions(caller, options, names);
  const { decay = 0 } = options;
  requireRate(`${caller}: decay`, decay);
}

/**
 * Exponential moving average of weights: a = decay a + (1 - decay) w after each update. Starts as a copy.
 *
 * @see Polyak, Juditsky: Acceleration of stochastic approximation by averaging (1992); equal
 *   weights: Izmailov et al.: Averaging weights leads to wider optima (2018); warm-up as in timm's ModelEmaV3
 * @example
 * const weights = { w: tf.variable(tf.scalar(0)) };
 * const average = new WeightAverage(weights, { decay: 0.9 });
 * weights.w.assign(tf.scalar(1));
 * average.update(); // the average is 0.1 now
 * average.swap(); // evaluate with it, then swap back
 */
export class WeightAverage {
  readonly #decay: number;
  readonly #warmup: boolean;
  readonly #equal: boolean;
  readonly #weights: NamedVariables;
  readonly #averages: NamedVariables = {};
  updates = 0;

  /** @throws CrossmodalError for a decay outside [0, 1) */
  constructor(weights: NamedVariables, options: AverageOptions = {}) {
    checkAverageOptions('WeightAverage', options);
    const { decay = 0.999, warmup = false, equal = false } = options;
    this.#decay = decay;
    this.#warmup = warmup;
    this.#equal = equal;
    this.#weights = weights;
    for (const [name, weight] of Object.entries(weights)) {
      // A sum and not a clone: the two must not share their memory when a compiling backend looks at them.
      this.#averages[name] = tf.tidy(() => tf.variable(tf.add(weight, 0), false));
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
        out[0] = 1 - this.#decayAt(t);
      }) as Scalar;
      for (const [name, weight] of Object.entries(this.#weights)) {
        const average = this.#averages[name]!;
        average.assign(tf.add(average, tf.mul(tf.sub(weight, average), rest)));
      }
    });
  }

  /** The share of the old average that update t keeps. */
  #decayAt(t: number): number {
    if (this.#equal) return t / (t + 1);
    if (!this.#warmup) return this.#decay;
    return t <= 2 ? 0 : Math.min(this.#decay, 1 - (t - 1) ** (-2 / 3));
  }

  /** Exchanges weights and averages; twice is the identity. */
  swap(): void {
    exchange(this.#weights, this.#averages);
  }

  dispose(): void {
    tf.dispose(this.#averages);
  }
}

/** Exchanges the values of variables of the same names. */
export function exchange(weights: NamedVariables, others: NamedVariables): void {
  tf.tidy(() => {
    for (const [name, other] of Object.entries(others)) {
      const weight = weights[name]!;
      const before = tf.clone(weight);
      weight.assign(tf.clone(other));
      other.assign(before);
    }
  });
}
