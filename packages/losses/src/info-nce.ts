import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { contrastRows, type MultiPositive } from './internal/contrast-rows.js';
import { logAddExp } from './internal/log-sum-exp.js';
import { withValueOf } from './internal/matched-entries.js';
import { similarityLogSumExp } from './internal/similarity-log-sum-exp.js';
import {
  requireNumber,
  requireOneOf,
  requirePositive,
  requireSameWidth,
  requireSquareForNone,
  requireThat,
  shapeOf,
} from './internal/validate.js';
import { type Pairs, resolvePairs, transposePairs, usedRows } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface InfoNceOptions<R extends Reduction = 'mean'> {
  /**
   * tau; a scalar tensor trains it. CLIP's learnable log scale: `tf.exp(tf.neg(logScale))`.
   * @default 0.07
   */
  temperature?: number | Scalar;
  /**
   * The mean of both directions, a to b and b to a.
   * @default true
   */
  symmetric?: boolean;
  /**
   * The share of the target that is spread evenly over all candidates; with `multiPositive` `out` only.
   * @default 0
   */
  labelSmoothing?: number;
  /** [negatives, dim]: further negatives for a, of b's modality (mined, or from a {@link MemoryQueue}). */
  negatives?: Tensor2D;
  /** [negatives, dim]: further negatives for b, of a's modality; for the b to a direction only. */
  reverseNegatives?: Tensor2D;
  /**
   * False leaves only `negatives` as negatives, as in MoCo.
   * @default true
   */
  inBatchNegatives?: boolean;
  /** Several positives per row, or missing ones; by default a_i and b_i belong together and nothing else does. */
  pairs?: Pairs;
  /** What several positives mean, see {@link MultiPositive}. */
  multiPositive?: MultiPositive;
  /** [rows of a, rows of b]: factors inside the denominator, for instance `softNegativeWeights`. */
  weights?: Tensor2D;
  /**
   * Vectors are scaled to length 1 (cosine similarity) or taken as they are (dot product).
   * @default 'cosine'
   */
  similarity?: 'cosine' | 'dot';
  /** Rows of the similarity matrix that exist at a time, for batches whose full matrix is too large. */
  blockRows?: number;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * InfoNCE: each a_i must find its b_i among all b_j, as a classification over the batch.
 *
 * L_i = -log [ exp(s_ii / tau) / sum_j exp(s_ij / tau) ] = logsumexp_j(s_ij / tau) - s_ii / tau, with s_ij = n(a_i) . n(b_j),
 * and for the symmetric form the mean of L over the rows (a to b) and over the columns (b to a).
 *
 * log B when all rows are equal; 0 at best. Nothing overflows down to tau = 1e-3. At most one B x B matrix is held; with
 * `blockRows` only a few blocks of that many rows, which the backward pass makes again. (B = 4096, D = 512 with both
 * gradients on two threads: 515 ms, with `blockRows: 512` 728 ms; PyTorch 2.15 888 ms.)
 *
 * @param a [batch, dim], float32, need not be normalised
 * @param b [batch, dim], float32
 * @returns a scalar, or [batch] with `reduction: 'none'`
 * @throws CrossmodalError when shapes or options do not fit
 * @see van den Oord et al., 2018, Representation Learning with Contrastive Predictive Coding, eq. 4
 * @see Radford et al., 2021, Learning Transferable Visual Models From Natural Language Supervision, figure 3 (symmetric form)
 * @example
 * const loss = infoNce(imageEmbeddings, textEmbeddings, { temperature: 0.07 });
 */
export function infoNce<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  options: InfoNceOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('infoNce', options, [
    'temperature',
    'symmetric',
    'labelSmoothing',
    'negatives',
    'reverseNegatives',
    'inBatchNegatives',
    'pairs',
    'multiPositive',
    'weights',
    'similarity',
    'blockRows',
    'reduction',
  ]);

  const {
    temperature = 0.07, // MoCo; CLIP's initial value
    symmetric = true, // CLIP
    labelSmoothing = 0,
    negatives,
    reverseNegatives,
    inBatchNegatives = true, // CPC, SimCLR, CLIP
    pairs,
    weights,
    similarity = 'cosine', // CLIP
    blockRows,
    reduction = 'mean' as R,
  } = options;
  check(a, b, options);
  return tf.tidy(() => {
    const normalise = (x: Tensor2D) => (similarity === 'cosine' ? l2Normalize(x) : x);
    const [usedA, usedB] = usedRows('infoNce', pairs, a, b);
    const u = tf.div(normalise(usedA), temperature) as Tensor2D; // the temperature sits in u from here on
    const v = normalise(usedB);
    const ontoU = reverseNegatives && (tf.div(normalise(reverseNegatives), temperature) as Tensor2D);
    const ontoV = negatives && normalise(negatives);
    if (pairs || weights) return withPairs(u, v, ontoV, ontoU, options);

    const products = tf.sum(tf.mul(u, v), 1) as Tensor1D;
    const inBatch = inBatchNegatives
      ? similarityLogSumExp(u, v, { blockRows })
      : { rows: products, columns: products, diagonal: products };
    const matched = withValueOf(products, inBatch.diagonal); // s_ii / tau
    const direction = (anchors: Tensor2D, others: Tensor2D, batch: Tensor1D, extra?: Tensor2D) => {
      const denominator = extra ? logAddExp(batch, similarityLogSumExp(anchors, extra, { blockRows }).rows) : batch;
      const target = labelSmoothing
        ? smoothed(matched, anchors, inBatchNegatives ? others : undefined, extra, labelSmoothing)
        : matched;
      return tf.sub(denominator, target);
    };
    const aToB = direction(u, v, inBatch.rows, ontoV);
    const losses = symmetric ? tf.mul(0.5, tf.add(aToB, direction(v, u, inBatch.columns, ontoU))) : aToB;
    return reduceLosses(losses, { reduction });
  });
}

/** (1 - epsilon) s_ii + epsilon mean_j s_ij; the mean over candidates is one product with their mean vector. */
function smoothed(
  matched: Tensor1D,
  anchors: Tensor2D,
  batch: Tensor2D | undefined,
  extra: Tensor2D | undefined,
  epsilon: number,
) {
  const sets = [batch, extra].filter((set) => set !== undefined);
  const count = sets.reduce((total, set) => total + set.shape[0], batch ? 0 : 1);
  const sums = sets.map((set) => tf.sum(tf.mul(anchors, tf.sum(set, 0, true)), 1));
  const total = sums.reduce<Tensor>((sum, next) => tf.add(sum, next), batch ? tf.zerosLike(matched) : matched);
  return tf.add(tf.mul(1 - epsilon, matched), tf.mul(epsilon / count, total)) as Tensor1D;
}

/** The general form: any pairs, any weights, on the whole matrix of similarities. */
function withPairs<R extends Reduction>(
  u: Tensor2D,
  v: Tensor2D,
  negatives: Tensor2D | undefined,
  reverseNegatives: Tensor2D | undefined,
  { symmetric = true, labelSmoothing, pairs, multiPositive, weights, reduction = 'mean' as R }: InfoNceOptions<R>,
): Reduced<R> {
  const given = resolvePairs('infoNce', pairs, u.shape[0], v.shape[0]);
  const direction = (anchors: Tensor2D, others: Tensor2D, own: Pairs, factors?: Tensor2D, extra?: Tensor2D) => {
    const logits = tf.matMul(anchors, extra ? tf.concat([others, extra], 0) : others, false, true) as Tensor2D;
    const width = extra ? extra.shape[0] : 0;
    const widened = (mask: Tensor2D, value: number) =>
      tf.pad(
        mask,
        [
          [0, 0],
          [0, width],
        ],
        value,
      );
    const { losses, counts } = contrastRows(
      logits,
      { positive: widened(own.positive, 0), negative: widened(own.negative, 1) },
      { multiPositive, labelSmoothing, weights: factors && widened(factors, 1) },
    );
    return reduceLosses(losses, { reduction, valid: reduction === 'mean' ? counts : undefined });
  };
  const aToB = direction(u, v, given, weights, negatives);
  if (!symmetric) return aToB;
  const bToA = direction(v, u, transposePairs(given), weights && tf.transpose(weights), reverseNegatives);
  return tf.mul(0.5, tf.add(aToB, bToA)) as Reduced<R>;
}

function check<R extends Reduction>(
  a: Tensor2D,
  b: Tensor2D,
  {
    temperature = 1,
    symmetric = true,
    labelSmoothing = 0,
    negatives,
    reverseNegatives,
    inBatchNegatives = true,
    pairs,
    multiPositive = 'out',
    weights,
    similarity = 'cosine',
    blockRows,
    reduction,
  }: InfoNceOptions<R>,
): void {
  const where = 'infoNce';
  requireSameWidth(where, ['a', 'b'], a, b);
  requirePositive(where, 'temperature', temperature);
  requireNumber(where, 'labelSmoothing', labelSmoothing, { minimum: 0, maximum: 1 });
  requireOneOf(where, 'similarity', similarity, ['cosine', 'dot']);
  requireOneOf(where, 'multiPositive', multiPositive, ['out', 'in', 'each']);
  requireThat(
    labelSmoothing === 0 || multiPositive === 'out',
    where,
    () => `labelSmoothing goes with multiPositive out only, got ${multiPositive}`,
  );
  requireThat(
    a.shape[0] === b.shape[0] || pairs !== undefined,
    where,
    () =>
      `a and b must have equal shape, got ${shapeOf(a)} and ${shapeOf(b)}; pass pairs when they are not matched by row`,
  );
  requireSquareForNone(where, a, b, symmetric, reduction);
  if (negatives) requireSameWidth(where, ['negatives', 'b'], negatives, b);
  if (reverseNegatives) requireSameWidth(where, ['reverseNegatives', 'a'], reverseNegatives, a);
  if (!inBatchNegatives) {
    requireThat(!pairs && !weights, where, () => 'inBatchNegatives: false goes without pairs and weights');
    requireThat(
      negatives !== undefined && (!symmetric || reverseNegatives !== undefined),
      where,
      () => `inBatchNegatives: false needs negatives${symmetric ? ' and reverseNegatives, or symmetric: false' : ''}`,
    );
  }
  if (weights) {
    requireThat(
      weights.shape[0] === a.shape[0] && weights.shape[1] === b.shape[0],
      where,
      () => `weights must be [${a.shape[0]},${b.shape[0]}], got ${shapeOf(weights)}`,
    );
  }
  if (blockRows !== undefined) {
    requireInteger(`${where}: blockRows`, blockRows);
    requireThat(
      !pairs && !weights,
      where,
      () => 'blockRows goes without pairs and weights, which are whole matrices themselves',
    );
  }
}
