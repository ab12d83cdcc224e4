import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';

/** Added to scores where attention is forbidden: far below any score, yet finite, so that a row without any allowed place gives a mean and not NaN. */
const forbidden = -1e9;

export interface AttentionOptions {
  /** Added to the scores; broadcasts against [batch, heads, target, source]. See `attentionBias`. */
  bias?: Tensor | undefined;
  /**
   * Multiplies the products of queries and keys; 1 / sqrt(dim) unless given.
   * @default 1 / Math.sqrt(query.shape[3])
   */
  scale?: number | undefined;
  /** Applied to the weights before they mix the values: dropout. */
  drop?: ((weights: Tensor4D) => Tensor4D) | undefined;
}

/**
 * Attention: softmax(scale Q K' + bias) V.
 *
 * @param query [batch, heads, target, dim]
 * @param key [batch, heads, source, dim]
 * @param value [batch, heads, source, valueDim]
 * @returns output [batch, heads, target, valueDim], weights [batch, heads, target, source]
 * @throws CrossmodalError when the dimensions do not fit
 * @see Vaswani et al.: Attention is all you need (2017), equation 1
 * @example
 * const { output } = scaledDotProductAttention(q, k, v, { bias: attentionBias({ mask }) });
 */
export function scaledDotProductAttention(
  query: Tensor4D,
  key: Tensor4D,
  value: Tensor4D,
  { bias, scale = 1 / Math.sqrt(query.shape[3]), drop, ...others }: AttentionOptions = {},
): { output: Tensor4D; weights: Tensor4D } {
  assertKnownOptions('scaledDotProductAttention', others, ['bias', 'scale', 'drop']);
  if (query.shape[3] !== key.shape[3] || key.shape[2] !== value.shape[2]) {
    throw new CrossmodalError(
      `scaledDotProductAttention: queries and keys must have equal width, keys and values equal length, got [${query.shape}], [${key.shape}], [${value.shape}]`,
    );
  }
  return tf.tidy(() => {
    // Scaling the queries costs less than scaling the scores.
    const scores = tf.matMul(scale === 1 ? query : tf.mul(query, scale), key, false, true);
    const weights = tf.softmax(bias ? tf.add(scores, bias) : scores) as Tensor4D;
    return { output: tf.matMul(drop ? drop(weights) : weights, value) as Tensor4D, weights };
  });
}

/**
 * The bias that forbids attention: zero where it is allowed, -1e9 elsewhere.
 *
 * @param options.mask [batch, source], one for real places and zero for padding
 * @param options.causal the length for which later places are hidden from earlier ones
 * @returns broadcasts against [batch, heads, target, source]; undefined when all is allowed
 * @example
 * const bias = attentionBias({ mask: tf.tensor2d([[1, 1, 0]]), causal: 3 }); // [1, 1, 3, 3]
 */
export function attentionBias({
  mask,
  causal,
  ...others
}: {
  mask?: Tensor | undefined;
  causal?: number | undefined;
}): Tensor | undefined {
  assertKnownOptions('attentionBias', others, ['mask', 'causal']);
  if (!mask && causal === undefined) return undefined;
  return tf.tidy(() => {
    const parts: Tensor[] = [];
    if (mask) {
      const [batch, source] = mask.shape as [number, number];
      const allowed = tf.reshape(tf.cast(mask, 'float32'), [batch, 1, 1, source]);
      parts.push(tf.mul(tf.sub(1, allowed), forbidden));
    }
    if (causal !== undefined) {
      const values = new Float32Array(causal * causal);
      for (let t = 0; t < causal; t++) values.fill(forbidden, t * causal + t + 1, (t + 1) * causal);
      parts.push(tf.tensor(values, [1, 1, causal, causal]));
    }
    return parts.length === 1 ? parts[0]! : tf.maximum(tf.add(parts[0]!, parts[1]!), forbidden);
  });
}

/** [batch, length, heads * dim] to [batch, heads, length, dim]. */
export function splitHeads(x: Tensor, heads: number): Tensor4D {
  const [batch, length, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]) as Tensor4D;
}

/** [batch, heads, length, dim] to [batch, length, heads * dim]. */
export function mergeHeads(x: Tensor4D): Tensor {
  const [batch, heads, length, dim] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, length, heads * dim]);
}
