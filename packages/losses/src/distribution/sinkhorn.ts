import { assertKnownOptions, requireInteger, withoutGradient } from '@crossmodal/core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireMatrix, requireNumber, requireThat, requireVector, shapeOf } from '../internal/validate.js';

export interface SinkhornOptions {
  /**
   * Weight of the entropy, in units of the cost: small is sharp and slow to converge.
   * @default 0.05
   */
  epsilon?: number;
  /**
   * There is no test for convergence, which would have to read numbers back; see `marginalError`.
   * @default 100
   */
  iterations?: number;
  /**
   * 1 to 1.8: over-relaxation goes further along each update, so that a small epsilon needs a third of the iterations.
   * @default 1
   */
  relaxation?: number;
  /** [n] weights of the rows, by default 1 / n. */
  a?: Tensor1D;
  /** [m] weights of the columns, by default 1 / m. */
  b?: Tensor1D;
  /** Penalty on marginals that differ from a and b (unbalanced transport); by default they must be equal. */
  massPenalty?: number;
}

/** The last iterations are plain ones, which take back the rounding that over-relaxation enlarges. */
const PLAIN = 10;

/** A transport plan and its dual potentials. */
export type SinkhornResult = {
  /** [n, m]: how much of row i goes to column j. */
  plan: Tensor2D;
  /** [n] and [m]: plan_ij = a_i b_j exp((f_i + g_j - cost_ij) / epsilon). */
  f: Tensor1D;
  g: Tensor1D;
  /** sum_i |plan 1 - a|_i: how far the iterations are from convergence (balanced transport). */
  marginalError: Scalar;
};

/**
 * Entropic optimal transport: soft correspondences between two sets, by Sinkhorn iterations in the log domain.
 *
 * P = argmin <P, C> + epsilon KL(P | a b^T) with P 1 = a, P^T 1 = b; with `massPenalty` rho the constraints become
 * + rho KL(P 1 | a) + rho KL(P^T 1 | b). No gradient flows into the plan; {@link sinkhornCost} has one.
 *
 * All potentials stay in the log domain, so any epsilon is finite; a small one only needs more iterations. Every iteration is a handful
 * of operations on the whole matrix, recorded one after the other: in a compiled step a few dozen iterations are sensible, so keep
 * epsilon near a tenth of the typical cost there.
 *
 * @param cost [n, m], float32, for instance squared distances
 * @throws CrossmodalError when shapes or options do not fit
 * @see Cuturi, 2013, Sinkhorn Distances; Peyre and Cuturi, 2019, Computational Optimal Transport, section 4.4; Chizat et al., 2018
 * (unbalanced); Thibault et al., 2021, Overrelaxed Sinkhorn-Knopp
 * @example
 * const { plan } = sinkhorn(pairwiseDistance(images, texts), { epsilon: 0.05, iterations: 100 });
 */
export function sinkhorn(cost: Tensor2D, options: SinkhornOptions = {}): SinkhornResult {
  assertKnownOptions('sinkhorn', options, ['epsilon', 'iterations', 'relaxation', 'a', 'b', 'massPenalty']);

  const {
    epsilon = 0.05, // for costs of order one, as cosine distances
    iterations = 100, // POT's numItermax is 1000, with a convergence test
    relaxation = 1, // plain Sinkhorn
    massPenalty,
  } = options;
  check(cost, { ...options, epsilon, iterations, relaxation });
  return tf.tidy(() => {
    const [n, m] = cost.shape;
    const a = tf.reshape(options.a ?? tf.fill([n], 1 / n), [n, 1]);
    const b = tf.reshape(options.b ?? tf.fill([m], 1 / m), [1, m]);
    const [logA, logB] = [tf.log(tf.maximum(a, 1e-30)), tf.log(tf.maximum(b, 1e-30))];
    const damping = massPenalty === undefined ? 1 : massPenalty / (massPenalty + epsilon);
    const packed = withoutGradient(() => potentials(cost, logA, logB, { epsilon, iterations, relaxation, damping }));
    const f = tf.slice(packed, [0], [n]);
    const g = tf.slice(packed, [n], [m]);
    const plan = withoutGradient(() => {
      const exponent = tf.div(tf.sub(tf.add(tf.expandDims(f, 1), tf.expandDims(g, 0)), cost), epsilon);
      return tf.exp(tf.add(exponent, tf.add(logA, logB))) as Tensor2D;
    });
    const marginalError = withoutGradient(() => tf.sum(tf.abs(tf.sub(tf.sum(plan, 1, true), a))) as Scalar);
    return { plan, f, g, marginalError };
  });
}

/**
 * f_i = -epsilon log sum_j b_j exp((g_j - C_ij) / epsilon), and g likewise, in turn; both in one vector [n + m]. The iterations run on
 * p = f / epsilon + log a and q = g / epsilon + log b: p_i = log a_i - log sum_j exp(q_j - C_ij / epsilon).
 */
function potentials(
  cost: Tensor2D,
  logA: Tensor,
  logB: Tensor,
  {
    epsilon,
    iterations,
    relaxation,
    damping,
  }: { epsilon: number; iterations: number; relaxation: number; damping: number },
): Tensor1D {
  const negativeCost = tf.div(cost, -epsilon);
  const update = (old: Tensor, other: Tensor, logMass: Tensor, axis: 0 | 1, factor: number) => {
    const next = tf.tidy(() => {
      const logits = tf.add(negativeCost, other);
      const peak = tf.max(logits, axis, true);
      const logSum = tf.add(peak, tf.log(tf.sum(tf.exp(tf.sub(logits, peak)), axis, true)));
      const best = tf.sub(logMass, damping === 1 ? logSum : tf.mul(damping, logSum));
      return factor === 1 ? best : tf.add(tf.mul(1 - factor, old), tf.mul(factor, best));
    });
    old.dispose(); // hundreds of iterations would otherwise all live until the end
    return next;
  };
  let p: Tensor = tf.clone(logA);
  let q: Tensor = tf.clone(logB);
  for (let i = 0; i < iterations; i++) {
    const factor = i < iterations - PLAIN ? relaxation : 1;
    p = update(p, q, logA, 1, factor);
    q = update(q, p, logB, 0, factor);
  }
  const unscale = (scaled: Tensor, logMass: Tensor) => tf.mul(epsilon, tf.reshape(tf.sub(scaled, logMass), [-1]));
  return tf.concat([unscale(p, logA), unscale(q, logB)]) as Tensor1D;
}

function check(cost: Tensor2D, { epsilon, iterations, relaxation, a, b, massPenalty }: SinkhornOptions): void {
  const where = 'sinkhorn';
  requireMatrix(where, 'cost', cost);
  requireNumber(where, 'epsilon', epsilon as number, { minimum: 0, open: true });
  requireInteger(`${where}: iterations`, iterations as number);
  requireNumber(where, 'relaxation', relaxation as number, { minimum: 1, maximum: 1.8 });
  if (massPenalty !== undefined) requireNumber(where, 'massPenalty', massPenalty, { minimum: 0, open: true });
  for (const [name, weights, size] of [['a', a, cost.shape[0]] as const, ['b', b, cost.shape[1]] as const]) {
    if (!weights) continue;
    requireVector(where, name, weights);
    requireThat(weights.size === size, where, () => `${name} must have ${size} entries, got ${shapeOf(weights)}`);
  }
}
