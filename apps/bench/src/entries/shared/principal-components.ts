import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Rows projected on their two main directions, for a picture; found by power iteration.
 *
 * @param rows [items, dim]
 */
export async function twoPrincipalComponents(rows: Tensor2D): Promise<[number, number][]> {
  const projected = tf.tidy(() => {
    const centred = tf.sub(rows, tf.mean(rows, 0, true)) as Tensor2D;
    const scatter = tf.matMul(centred, centred, true, false);
    let basis = tf.slice(scatter, [0, 0], [scatter.shape[0], 2]) as Tensor2D;
    for (let round = 0; round < 30; round++) {
      const next = tf.matMul(scatter, basis);
      const first = unit(tf.slice(next, [0, 0], [-1, 1]));
      const second = tf.slice(next, [0, 1], [-1, 1]);
      const overlap = tf.sum(tf.mul(first, second));
      basis = tf.concat([first, unit(tf.sub(second, tf.mul(first, overlap)))], 1) as Tensor2D;
    }
    return tf.matMul(centred, basis);
  });
  const values = (await projected.array()) as [number, number][];
  projected.dispose();
  return values;
}

function unit(column: tf.Tensor): tf.Tensor {
  return tf.div(column, tf.add(tf.norm(column), 1e-12));
}
