import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * How far samples differ, by the measure of real ones: mean |x_i - x_j| over neighbours of the samples, divided by the same of
 * the real samples. Near 0 when the generator makes one sample only.
 *
 * @param samples [rows, ...]
 * @param real [batch, ...]
 * @param options.pairs compares rows 2i and 2i + 1 of the samples only: those of one condition
 */
export function relativeDiversity(samples: Tensor, real: Tensor, { pairs = false }: { pairs?: boolean } = {}): Scalar {
  return tf.tidy(() => {
    const own = pairs ? ofPairs(samples) : ofNeighbours(samples);
    return tf.div(own, tf.maximum(ofNeighbours(real), 1e-6)) as Scalar;
  });
}

/** Mean |x_i - x_(i+1)|, the last row with the first. */
function ofNeighbours(rows: Tensor): Tensor {
  const count = rows.shape[0] as number;
  const next = tf.concat([tf.slice(rows, 1, count - 1), tf.slice(rows, 0, 1)], 0);
  return tf.mean(tf.abs(tf.sub(rows, next)));
}

/** Mean |x_2i - x_(2i+1)|. */
function ofPairs(rows: Tensor): Tensor {
  const [first, second] = tf.split(tf.reshape(rows, [(rows.shape[0] as number) / 2, 2, -1]), 2, 1) as [Tensor, Tensor];
  return tf.mean(tf.abs(tf.sub(first, second)));
}
