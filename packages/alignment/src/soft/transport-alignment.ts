import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import { sinkhorn } from '@crossmodal/losses';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { crossProduct, readMatrix, toTensor2d } from '../linear/host-matrix.js';
import { type LinearAlignment, linearAlignment } from '../linear/linear-alignment.js';
import { nearestRotation } from '../linear/procrustes.js';

export interface TransportAlignmentOptions {
  /** Known pairs [position in a, position in b] to start from; without them a start must be given or rotations near the identity. */
  anchors?: readonly (readonly [a: number, b: number])[];
  /** Rotation to start from, [dim, dim]. */
  initial?: Tensor2D;
  /**
   * Alternations of correspondences and rotation.
   * @default 20
   */
  rounds?: number;
  /**
   * Entropy of the correspondences in units of the cost: from the first to the last round, geometrically.
   * @default [0.2, 0.02]
   */
  epsilon?: readonly [first: number, last: number];
  /**
   * Sinkhorn iterations per round.
   * @default 100
   */
  iterations?: number;
}

/** `embedA` centres, rotates and scales to unit length; `embedB` centres and scales. */
export interface TransportAlignment extends LinearAlignment {
  /** [rows of a, rows of b]: how much of row i of a belongs to row j of b; rows sum to 1 / rows of a. */
  readonly plan: Tensor2D;
  /** [dim, dim], orthogonal. */
  readonly rotation: Tensor2D;
  /** <plan, cost> of the last round, between 0 and 4. */
  readonly cost: number;
}

/**
 * Soft alignment of two sets whose pairs are unknown, few, or noisy: correspondences by entropic optimal transport and the
 * rotation that fits them, in turn (Wasserstein-Procrustes).
 *
 * P = argmin <P, C(R)> + epsilon KL(P | uniform), C_ij = ||a_i R - b_j||^2; R = argmin_{R^T R = I} <P, C(R)> = U V^T with
 * U S V^T = svd(a^T P b). Rows are centred and scaled to unit length first. Epsilon falls from round to round. The answer
 * depends on the start: a few known pairs are enough for it.
 *
 * @param a [rows of a, dim]
 * @param b [rows of b, dim]
 * @throws CrossmodalError when dimensions differ, anchors point outside, or a setting is out of range
 * @see Grave, Joulin and Berthet (2019), Unsupervised alignment of embeddings with Wasserstein Procrustes, section 3
 *
 * @example
 * const { plan, embedA } = await transportAlignment(imageRows, textRows, { anchors: [[0, 12], [3, 5], [8, 1]] });
 */
export async function transportAlignment(
  a: Tensor2D,
  b: Tensor2D,
  {
    anchors,
    initial,
    rounds = 20,
    epsilon = [0.2, 0.02], // costs lie between 0 and 4
    iterations = 100, // POT's usual order; rounds repeat them
    ...others
  }: TransportAlignmentOptions = {},
): Promise<TransportAlignment> {
  assertKnownOptions('transportAlignment', others, ['anchors', 'initial', 'rounds', 'epsilon', 'iterations']);

  const [first, last] = epsilon;
  check(a, b, { anchors, initial, rounds, first, last });
  const dimension = a.shape[1];
  const centres = tf.tidy(() => [tf.mean(a, 0), tf.mean(b, 0)]) as [tf.Tensor1D, tf.Tensor1D];
  const [x, y] = tf.tidy(() => [l2Normalize(tf.sub(a, centres[0])), l2Normalize(tf.sub(b, centres[1]))]) as [
    Tensor2D,
    Tensor2D,
  ];
  let rotation: Tensor2D | undefined;
  let plan: Tensor2D | undefined;
  let done = false;
  try {
    rotation = initial ? tf.clone(initial) : await startingRotation(x, y, anchors ?? [], dimension);
    for (let round = 0; round < rounds; round++) {
      const entropy = first * (last / first) ** (rounds === 1 ? 1 : round / (rounds - 1));
      const current: Tensor2D = rotation;
      const next = tf.tidy(() => sinkhorn(costOf(x, y, current), { epsilon: entropy, iterations }).plan);
      plan?.dispose();
      plan = next;
      const moment = tf.tidy(() => tf.matMul(x, tf.matMul(next, y), true) as Tensor2D);
      const fitted = nearestRotation(
        await readMatrix(moment, 'transportAlignment: a and b').finally(() => moment.dispose()),
        true,
      );
      rotation.dispose();
      rotation = toTensor2d(fitted.rotation);
    }
    const [finalPlan, finalRotation] = [plan as Tensor2D, rotation];
    const total = tf.tidy(() => tf.sum(tf.mul(finalPlan, costOf(x, y, finalRotation))));
    const cost = (await total.data())[0] as number;
    total.dispose();
    const maps = linearAlignment(
      'transportAlignment',
      [dimension, dimension, dimension],
      { mean: centres[0], weight: tf.clone(finalRotation) },
      { mean: centres[1] },
      { unit: true },
    );
    done = true;
    return {
      ...maps,
      plan: finalPlan,
      rotation: finalRotation,
      cost,
      dispose() {
        maps.dispose();
        tf.dispose([finalPlan, finalRotation]);
      },
    };
  } finally {
    tf.dispose([x, y]);
    if (!done) tf.dispose([...centres, plan ?? [], rotation ?? []]);
  }
}

/** ||x_i R - y_j||^2 = 2 - 2 x_i R . y_j for unit rows. */
function costOf(x: Tensor2D, y: Tensor2D, rotation: Tensor2D): Tensor2D {
  return tf.tidy(() => tf.sub(2, tf.mul(tf.matMul(tf.matMul(x, rotation), y, false, true), 2)) as Tensor2D);
}

/** The rotation that fits the anchors (Procrustes); without anchors the identity. */
async function startingRotation(
  x: Tensor2D,
  y: Tensor2D,
  anchors: readonly (readonly [number, number])[],
  dimension: number,
): Promise<Tensor2D> {
  if (anchors.length === 0) return tf.eye(dimension);
  const rows = (from: Tensor2D, side: 0 | 1) =>
    tf.tidy(
      () =>
        tf.gather(
          from,
          tf.tensor1d(
            anchors.map((pair) => pair[side]),
            'int32',
          ),
        ) as Tensor2D,
    );
  const [ofX, ofY] = [rows(x, 0), rows(y, 1)];
  try {
    const [left, right] = await Promise.all([
      readMatrix(ofX, 'transportAlignment: a'),
      readMatrix(ofY, 'transportAlignment: b'),
    ]);
    return toTensor2d(nearestRotation(crossProduct(left, right), true).rotation);
  } finally {
    tf.dispose([ofX, ofY]);
  }
}

function check(
  a: Tensor2D,
  b: Tensor2D,
  {
    anchors,
    initial,
    rounds,
    first,
    last,
  }: Pick<TransportAlignmentOptions, 'anchors' | 'initial'> & { rounds: number; first: number; last: number },
): void {
  if (a.rank !== 2 || b.rank !== 2 || a.shape[1] !== b.shape[1] || a.size === 0 || b.size === 0) {
    throw new CrossmodalError(
      `transportAlignment: a and b must be matrices with equally many columns, got [${a.shape}] and [${b.shape}]`,
    );
  }
  const dimension = a.shape[1];
  if (initial && (initial.shape[0] !== dimension || initial.shape[1] !== dimension)) {
    throw new CrossmodalError(
      `transportAlignment: initial must have shape [${dimension}, ${dimension}], got [${initial.shape}]`,
    );
  }
  if (initial && anchors)
    throw new CrossmodalError('transportAlignment: give anchors or an initial rotation, got both');
  const inside = (position: number, rows: number) => Number.isInteger(position) && position >= 0 && position < rows;
  const wrong = anchors?.find(([i, j]) => !inside(i, a.shape[0]) || !inside(j, b.shape[0]));
  if (wrong) {
    throw new CrossmodalError(
      `transportAlignment: anchors must point to rows of a (${a.shape[0]}) and b (${b.shape[0]}), got [${wrong}]`,
    );
  }
  requireInteger('transportAlignment: rounds', rounds);
  if (!(first > 0 && last > 0 && Number.isFinite(first))) {
    throw new CrossmodalError(`transportAlignment: epsilon must be two positive numbers, got ${first} and ${last}`);
  }
}
