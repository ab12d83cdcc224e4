import type { Scalar, Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Connectionist temporal classification by the forward recursion, step by step; blank is 0. `mean` divides each loss by the
 * length of its labels, as torch does.
 */
export function ctcLoss(
  logits: Tensor3D,
  labels: readonly (readonly number[])[],
  { frames, reduction }: { frames: readonly number[]; reduction: 'mean' | 'sum' },
): Scalar {
  const rows = labels.map((own, row) => {
    const states = [0, ...own.flatMap((id) => [id, 0])];
    const [, length, symbols] = logits.shape;
    const all = tf.logSoftmax(tf.reshape(tf.slice(logits, [row, 0, 0], [1, length, symbols]), [length, symbols]));
    const emitted = tf.matMul(
      all as tf.Tensor2D,
      tf.cast(tf.oneHot(tf.tensor1d(states, 'int32'), symbols), 'float32') as tf.Tensor2D,
      false,
      true,
    );
    const never = -1e9;
    const at = (t: number) => tf.reshape(tf.slice(emitted, [t, 0], [1, states.length]), [states.length]);
    // A blank between two equal labels cannot be left out.
    const canSkip = tf.tensor1d(states.map((id, s) => (s >= 2 && id !== 0 && id !== states[s - 2] ? 0 : never)));
    const shifted = (x: Tensor, by: number) =>
      tf.concat([tf.fill([by], never), tf.slice(x, [0], [states.length - by])], 0);
    let alpha: Tensor = tf.add(at(0), tf.tensor1d(states.map((_, s) => (s < 2 ? 0 : never))));
    for (let t = 1; t < frames[row]!; t++) {
      const ways = tf.stack([alpha, shifted(alpha, 1), tf.add(shifted(alpha, 2), canSkip)]);
      alpha = tf.add(tf.logSumExp(ways, 0), at(t));
    }
    const loss = tf.neg(tf.logSumExp(tf.slice(alpha, [states.length - 2], [2])));
    return reduction === 'mean' ? tf.div(loss, own.length) : loss;
  });
  const sum = tf.addN(rows) as Scalar;
  return reduction === 'mean' ? (tf.div(sum, rows.length) as Scalar) : sum;
}
