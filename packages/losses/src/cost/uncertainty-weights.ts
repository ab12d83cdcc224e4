import { CrossmodalError } from '@crossmodal/core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireThat } from '../internal/validate.js';

/**
 * Weights that train with the model: each term has a learned noise level, and terms that cannot be fitted well count less.
 *
 * total = sum_i [ 1/2 exp(-s_i) L_i + 1/2 s_i ], s_i = log sigma_i^2, one trainable scalar per term, 0 at first. At the optimum
 * exp(s_i) = L_i. Only for terms that are not negative.
 *
 * @throws CrossmodalError when names repeat or are missing
 * @see Kendall, Gal, Cipolla, 2018, Multi-Task Learning Using Uncertainty to Weigh Losses, eq. 7
 * @example
 * const learned = new UncertaintyWeights(['image', 'text', 'nce']);
 * const { loss } = crossModalCost({ unimodal: { image, text }, crossModal: { nce }, learned })(batch);
 * // train learned.variables together with the model's
 */
export class UncertaintyWeights {
  readonly #logVariances: ReadonlyMap<string, Variable>;

  constructor(names: readonly string[]) {
    requireThat(names.length > 0, 'UncertaintyWeights', () => 'at least one name is needed, got none');
    requireThat(
      new Set(names).size === names.length,
      'UncertaintyWeights',
      () => `names must differ, got ${names.join(', ')}`,
    );
    this.#logVariances = new Map(names.map((name) => [name, tf.tidy(() => tf.variable(tf.scalar(0), true))]));
  }

  /** The names that it weighs. */
  get names(): string[] {
    return [...this.#logVariances.keys()];
  }

  /** The trainable s_i, in the order of the names. */
  get variables(): Variable[] {
    return [...this.#logVariances.values()];
  }

  /** The variables by name, for checkpoints. */
  namedVariables(): Record<string, Variable> {
    return Object.fromEntries(this.#logVariances);
  }

  /** 1/2 exp(-s): the factor of a term. */
  weight(name: string): Scalar {
    return tf.tidy(() => tf.mul(0.5, tf.exp(tf.neg(this.#of(name)))) as Scalar);
  }

  /** 1/2 exp(-s) term + 1/2 s. */
  apply(name: string, term: Scalar): Scalar {
    return tf.tidy(() => tf.add(tf.mul(this.weight(name), term), tf.mul(0.5, this.#of(name))) as Scalar);
  }

  /** Frees the variables. */
  dispose(): void {
    for (const variable of this.#logVariances.values()) variable.dispose();
  }

  #of(name: string): Variable {
    const found = this.#logVariances.get(name);
    if (found) return found;
    throw new CrossmodalError(`UncertaintyWeights: no weight is called ${name}, there are ${this.names.join(', ')}`);
  }
}
