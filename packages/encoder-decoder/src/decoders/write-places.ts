import type { Tensor, Tensor1D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Which of `length` places the `count` vectors of each row go to, from `first` [rows] on: [rows, count, length], ones and zeros. What
 * would go past the end goes nowhere.
 */
export function placement(first: Tensor1D, count: number, length: number): Tensor3D {
  const own = tf.reshape(tf.add(tf.expandDims(first, 1), tf.range(0, count, 1, 'int32')), [-1, count, 1]);
  return tf.cast(tf.equal(own, tf.range(0, length, 1, 'int32')), 'float32') as Tensor3D;
}

/** Zero where a vector may look at a place (its own and those before), -1e9 elsewhere: [rows, 1, count, length]. */
export function placesBias(first: Tensor1D, count: number, length: number): Tensor4D {
  const own = tf.reshape(tf.add(tf.expandDims(first, 1), tf.range(0, count, 1, 'int32')), [-1, 1, count, 1]);
  const hidden = tf.cast(tf.greater(tf.range(0, length, 1, 'int32'), own), 'float32');
  return tf.mul(hidden, -1e9) as Tensor4D;
}

/**
 * Puts vectors in their places of a cache, and gives all of it.
 *
 * @param cache [rows, heads, length, dim]
 * @param x [rows, heads, count, dim]
 * @param marks what `placement` gives
 */
export function written(cache: Variable, x: Tensor4D, marks: Tensor3D): Tensor4D {
  const [rows, count, length] = marks.shape;
  const heads = x.shape[1];
  const taken = tf.reshape(count === 1 ? marks : tf.sum(marks, 1), [rows, 1, length, 1]);
  const placed =
    count === 1
      ? tf.mul(x, taken)
      : tf.matMul(tf.tile(tf.expandDims(marks, 1), [1, heads, 1, 1]), x as Tensor, true, false);
  const whole = tf.add(tf.mul(cache, tf.sub(1, taken)), placed) as Tensor4D;
  cache.assign(whole);
  return whole;
}
