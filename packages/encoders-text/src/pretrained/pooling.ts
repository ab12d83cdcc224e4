import { CrossmodalError } from '@crossmodal/core';
import type { Config } from '@crossmodal/core/blocks';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { firstVector, lastVector, meanVector } from './text-architecture.js';

/** One vector from those of the tokens, by the names of sentence-transformers. */
const poolings = {
  cls: (sequence: Tensor3D) => firstVector(sequence),
  mean: meanVector,
  max(sequence: Tensor3D, mask: Tensor2D) {
    const hidden = tf.mul(tf.sub(1, tf.expandDims(mask, 2)), -1e9);
    return tf.max(tf.add(tf.mul(sequence, tf.expandDims(mask, 2)), hidden), 1) as Tensor2D;
  },
  mean_sqrt_len_tokens(sequence: Tensor3D, mask: Tensor2D) {
    const weights = tf.expandDims(mask, 2);
    return tf.div(tf.sum(tf.mul(sequence, weights), 1), tf.sqrt(tf.maximum(tf.sum(weights, 1), 1e-9))) as Tensor2D;
  },
  weightedmean(sequence: Tensor3D, mask: Tensor2D) {
    const places = tf.range(1, mask.shape[1] + 1);
    return meanVector(sequence, tf.mul(mask, places) as Tensor2D);
  },
  lasttoken: lastVector,
} as const;

export type TextPooling = keyof typeof poolings;

/** Pools, each way in turn, side by side. */
export function pooled(modes: readonly TextPooling[], sequence: Tensor3D, mask: Tensor2D): Tensor2D {
  const vectors = modes.map((mode) => poolings[mode](sequence, mask));
  return vectors.length === 1 ? vectors[0]! : (tf.concat(vectors, 1) as Tensor2D);
}

/** What older files call the ways. */
const flags: readonly (readonly [key: string, mode: TextPooling])[] = [
  ['pooling_mode_cls_token', 'cls'],
  ['pooling_mode_max_tokens', 'max'],
  ['pooling_mode_mean_tokens', 'mean'],
  ['pooling_mode_mean_sqrt_len_tokens', 'mean_sqrt_len_tokens'],
  ['pooling_mode_weightedmean_tokens', 'weightedmean'],
  ['pooling_mode_lasttoken', 'lasttoken'],
];

/**
 * The ways of pooling that a `1_Pooling/config.json` asks for.
 *
 * @throws CrossmodalError when it asks for none, or an unknown one
 */
export function poolingModes(config: Config): readonly TextPooling[] {
  const named = config.raw('pooling_mode');
  const modes =
    named === undefined ? flags.filter(([key]) => config.flag(key)).map(([, mode]) => mode) : [named].flat();
  const unknown = modes.find((mode) => typeof mode !== 'string' || !Object.hasOwn(poolings, mode));
  if (modes.length === 0 || unknown !== undefined) {
    throw new CrossmodalError(
      `${config.label}: pooling must be one of ${Object.keys(poolings).join(', ')}, got ${JSON.stringify(unknown) ?? 'none'}`,
    );
  }
  return modes as TextPooling[];
}

export const isPooling = (value: string): value is TextPooling => Object.hasOwn(poolings, value);
export const poolingNames = Object.keys(poolings);
