import { assertKnownOptions, CrossmodalError, stopGradient } from '@crossmodal/core';
import type { Rank, Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireNumber, requireThat } from '../internal/validate.js';

/**
 * The norm of each term's gradient at the same tensors (embeddings, or the last shared weights): which term, and so which modality,
 * dominates the step.
 *
 * G_i = || d L_i / d shared ||_2 over all shared tensors together. No gradient flows through the norms.
 *
 * @param terms functions of the shared tensors
 * @param shared the tensors, any shapes, float32
 * @throws CrossmodalError when there is no term or no tensor
 * @see Chen et al., 2018, GradNorm, section 3.1
 * @example
 * const norms = gradientNorms({ image: (z) => imageLoss(z), text: (z) => textLoss(z) }, [embedding]);
 */
export function gradientNorms(
  terms: Readonly<Record<string, (...shared: Tensor[]) => Scalar>>,
  shared: readonly Tensor[],
): Record<string, Scalar> {
  requireThat(
    Object.keys(terms).length > 0 && shared.length > 0,
    'gradientNorms',
    () => 'at least one term and one shared tensor are needed',
  );
  return tf.tidy(() => {
    const inputs = shared.map((x) => stopGradient(x));
    const norm = (term: (...inputs: Tensor[]) => Scalar) => {
      const gradients = tf.grads(term)(inputs);
      return stopGradient(tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient))))) as Scalar);
    };
    return Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, tf.tidy(() => norm(term))]));
  });
}

export interface GradientBalanceOptions {
  /**
   * How much of the old norm the moving average keeps at each update.
   * @default 0.9
   */
  momentum?: number;
  /**
   * 1 gives all terms the same gradient norm; 0 leaves them as they are.
   * @default 1
   */
  strength?: number;
  /**
   * alpha of GradNorm: above 0, terms that have fallen less since the start get more than their share.
   * @default 0
   */
  restoring?: number;
}

/** Gradients smaller than this count as this, so that a term at its optimum does not take all the weight. */
const SMALLEST = 1e-8;

/**
 * Modality balance: weights that give every term the same gradient norm, so that no modality dominates.
 *
 * w_i ~ r_i^alpha / G_i^strength with sum_i w_i = n, G_i the moving average of the term's gradient norm and r_i its loss relative to
 * its first value, divided by the mean of these ratios. For strength 1 this is the point that GradNorm's own descent aims at.
 *
 * @throws CrossmodalError when names repeat or an option is out of range
 * @see Chen et al., 2018, GradNorm: Gradient Normalization for Adaptive Loss Balancing, eq. 1 and 2
 * @example
 * const balance = new GradientBalance(['image', 'text']);
 * const cost = crossModalCost({ unimodal: { image, text }, weights: balance.weights });
 * balance.update(gradientNorms({ image: imageTerm, text: textTerm }, [embedding])); // in the step, before the cost
 */
export class GradientBalance {
  readonly #weights: Record<string, Variable>;
  readonly #norms: Record<string, Variable>;
  readonly #firstLosses: Record<string, Variable>;
  readonly #options: Required<GradientBalanceOptions>;

  constructor(
    names: readonly string[],
    {
      momentum = 0.9,
      strength = 1,
      restoring = 0, // GradNorm's experiments: 1.5 for unlike tasks, 0.12 for like ones
      ...others
    }: GradientBalanceOptions = {},
  ) {
    assertKnownOptions('GradientBalance', others, ['momentum', 'strength', 'restoring']);

    requireThat(names.length > 0, 'GradientBalance', () => 'at least one name is needed, got none');
    requireThat(
      new Set(names).size === names.length,
      'GradientBalance',
      () => `names must differ, got ${names.join(', ')}`,
    );
    requireNumber('GradientBalance', 'momentum', momentum, { minimum: 0, maximum: 1 });
    requireNumber('GradientBalance', 'strength', strength, { minimum: 0 });
    requireNumber('GradientBalance', 'restoring', restoring, { minimum: 0 });
    this.#options = { momentum, strength, restoring };
    const variables = (value: number) =>
      Object.fromEntries(names.map((name) => [name, tf.tidy(() => tf.variable(tf.scalar(value) as Tensor, false))]));
    this.#weights = variables(1);
    this.#norms = variables(-1); // not known yet
    this.#firstLosses = variables(-1);
  }

  /** The current weights by name, 1 at first; they belong to this object and change with `update`. */
  get weights(): Record<string, Scalar> {
    return { ...(this.#weights as unknown as Record<string, Scalar>) };
  }

  /** All state, for checkpoints. */
  namedVariables(): Record<string, Variable> {
    const named: Record<string, Variable> = {};
    for (const [kind, group] of Object.entries({
      weight: this.#weights,
      norm: this.#norms,
      first: this.#firstLosses,
    })) {
      for (const [name, variable] of Object.entries(group)) named[`${kind}/${name}`] = variable;
    }
    return named;
  }

  /**
   * Takes in the gradient norms of a step, and sets new weights.
   *
   * @param norms from `gradientNorms`, for every name
   * @param losses the terms' values, needed for `restoring` above 0
   * @throws CrossmodalError when a name is missing
   */
  update(norms: Readonly<Record<string, Scalar>>, losses: Readonly<Record<string, Scalar>> = {}): void {
    const { momentum, strength, restoring } = this.#options;
    const names = Object.keys(this.#weights);
    tf.tidy(() => {
      const averages = names.map((name) => {
        const now = stopGradient(required('norms', norms, name));
        const old = this.#norms[name] as unknown as Variable<Rank.R0>;
        const blended = tf.add(tf.mul(momentum, old), tf.mul(1 - momentum, now));
        old.assign(tf.where(tf.less(old, 0), now, blended) as Scalar);
        return tf.maximum(old, SMALLEST);
      });
      const rates = restoring > 0 ? this.#rates(names, losses) : undefined;
      const raw = averages.map((average, i) => {
        const share = tf.pow(average, -strength);
        return rates ? tf.mul(share, tf.pow(rates[i] as Tensor, restoring)) : share;
      });
      const sum = tf.addN(raw);
      names.forEach((name, i) => {
        (this.#weights[name] as Variable).assign(tf.div(tf.mul(names.length, raw[i] as Tensor), sum));
      });
    });
  }

  /** r_i: the loss relative to its first value, divided by the mean over the terms. */
  #rates(names: string[], losses: Readonly<Record<string, Scalar>>): Tensor[] {
    const ratios = names.map((name) => {
      const now = stopGradient(required('losses', losses, name));
      const first = this.#firstLosses[name] as unknown as Variable<Rank.R0>;
      first.assign(tf.where(tf.less(first, 0), now, first));
      return tf.div(now, tf.maximum(first, SMALLEST));
    });
    const mean = tf.maximum(tf.div(tf.addN(ratios), names.length), SMALLEST);
    return ratios.map((ratio) => tf.div(ratio, mean));
  }

  /** Frees the variables. */
  dispose(): void {
    for (const variable of Object.values(this.namedVariables())) variable.dispose();
  }
}

function required(kind: string, values: Readonly<Record<string, Scalar>>, name: string): Scalar {
  const value = values[name];
  if (value) return value;
  throw new CrossmodalError(
    `GradientBalance.update: ${kind} must have an entry for ${name}, got ${Object.keys(values).join(', ')}`,
  );
}
