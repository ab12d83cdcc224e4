import type { Inputs } from '@crossmodal/core';
import { type Architecture, placeOf } from '@crossmodal/core/blocks';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A family of text models. */
export interface TextArchitecture extends Architecture {
  /** Width of the sequence. */
  readonly width: number;
  /** Tokens that it can take, special ones included. */
  readonly maximumLength: number;
  /** Whether texts are filled up to the longest of the batch, or always to the maximum. */
  readonly padding: 'longest' | 'maximum';
  /** Padding is not hidden from attention: it was not in training either. */
  readonly unmasked?: boolean;
  /** The config.json of what is saved, where only a part of the model was loaded. */
  readonly written?: Readonly<Record<string, unknown>>;
}

/** The mask of the inputs, [batch, length]; all ones where there is none. */
export function maskOf(inputs: Inputs): Tensor2D {
  const mask = inputs['mask'];
  return (mask ? tf.cast(mask, 'float32') : tf.ones(inputs['ids']!.shape as [number, number])) as Tensor2D;
}

/** Token numbers as whole numbers. */
export function idsOf(inputs: Inputs): Tensor2D {
  const ids = inputs['ids']!;
  return (ids.dtype === 'int32' ? ids : tf.cast(ids, 'int32')) as Tensor2D;
}

/** The mean of the real places. */
export function meanVector(sequence: Tensor3D, mask: Tensor2D): Tensor2D {
  const weights = tf.expandDims(mask, 2);
  return tf.div(tf.sum(tf.mul(sequence, weights), 1), tf.maximum(tf.sum(weights, 1), 1e-9)) as Tensor2D;
}

/** The vector of the last real place. */
export function lastVector(sequence: Tensor3D, mask: Tensor2D): Tensor2D {
  const behind = tf.sub(tf.sum(mask, 1, true), tf.cumsum(mask, 1));
  const last = tf.mul(mask, tf.cast(tf.equal(behind, 0), 'float32'));
  return tf.sum(tf.mul(sequence, tf.expandDims(last, 2)), 1) as Tensor2D;
}

/** The vector of the first place, [CLS]. */
export const firstVector = (sequence: Tensor): Tensor2D => placeOf(sequence, 0) as Tensor2D;
