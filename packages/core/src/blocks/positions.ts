import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';

/** Keys' cubic kernel with a = -0.75, as torch's interpolation without antialiasing has it. */
function cubic(distance: number): number {
  const a = -0.75;
  const x = Math.abs(distance);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

/**
 * The matrix [to, from] of a bicubic interpolation along one axis; places beyond the ends count as the last one. With
 * `alignCorners` the first and last places stay where they are.
 */
export function cubicMatrix(from: number, to: number, { alignCorners = false, ...others } = {}): Float32Array {
  assertKnownOptions('cubicMatrix', others, ['alignCorners']);
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const centre = alignCorners ? (i * (from - 1)) / Math.max(1, to - 1) : ((i + 0.5) * from) / to - 0.5;
    const first = Math.floor(centre) - 1;
    for (let j = first; j < first + 4; j++) {
      const place = Math.min(from - 1, Math.max(0, j));
      matrix[i * from + place]! += cubic(centre - j);
    }
  }
  return matrix;
}

/**
 * Rotary positions: turns the pairs (x_i, x_{i + dim/2}) of each head by the angle position * base^(-2 i / dim).
 *
 * @returns what turns queries and keys, [batch, heads, length, dim]
 * @see Su et al. (2021), "RoFormer", section 3.4.2
 */
export function rotary(length: number, dimension: number, base: number): (x: Tensor4D) => Tensor4D {
  const half = dimension / 2;
  const cosine = new Float32Array(length * dimension);
  const sine = new Float32Array(length * dimension);
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < dimension; i++) {
      const angle = Math.fround(t * Math.fround(1 / base ** ((2 * (i % half)) / dimension)));
      cosine[t * dimension + i] = Math.cos(angle);
      sine[t * dimension + i] = Math.sin(angle);
    }
  }
  const [cos, sin] = [cosine, sine].map((values) => tf.tensor(values, [1, 1, length, dimension]));
  return (x) => {
    const [first, second] = tf.split(x, 2, 3) as [Tensor4D, Tensor4D];
    return tf.add(tf.mul(x, cos!), tf.mul(tf.concat([tf.neg(second), first], 3), sin!)) as Tensor4D;
  };
}

/** 1 where a place is the first of its row that `hits` marks, the first of all where it marks none; [batch, length]. */
export function firstHit(hits: Tensor): Tensor {
  const [batch, length] = hits.shape as [number, number];
  const first = tf.mul(hits, tf.cast(tf.equal(tf.cumsum(hits, 1), 1), 'float32'));
  const none = tf.sub(1, tf.max(hits, 1, true));
  const start = tf.concat([tf.ones([batch, 1]), tf.zeros([batch, length - 1])], 1);
  return tf.add(first, tf.mul(none, start));
}

/** The vector of the place that a row of ones and zeros marks: [batch, length, width] to [batch, width]. */
export function selected(sequence: Tensor, marks: Tensor): Tensor {
  return tf.sum(tf.mul(sequence, tf.expandDims(marks, 2)), 1);
}

/** The vector at one place of every row. */
export function placeOf(sequence: Tensor, place: number): Tensor {
  const [batch, , width] = sequence.shape as [number, number, number];
  return tf.reshape(tf.slice(sequence, [0, place, 0], [batch, 1, width]), [batch, width]);
}
