import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { differences, LARGEST_BLOCK } from '../internal/differences.js';
import type { Distance } from './distance-interface.js';

/** Row blocks of a, each small enough for its differences with all of b. */
function* rowBlocks(a: Tensor2D, b: Tensor2D): Generator<[start: number, block: Tensor2D]> {
  const [rows, width] = a.shape;
  const step = Math.max(1, Math.floor(LARGEST_BLOCK / (b.shape[0] * width)));
  for (let start = 0; start < rows; start += step) {
    yield [start, tf.slice(a, [start, 0], [Math.min(step, rows - start), width])];
  }
}

/**
 * sum_d |a_id - b_jd| in blocks of rows, so that only [block, m, dim] numbers exist at a time, forwards and backwards.
 * The gradient is sum_j dy_ij sign(a_i - b_j), and its negative for b.
 */
function manhattanPairwise(a: Tensor2D, b: Tensor2D): Tensor2D {
  const operation = tf.customGrad((...inputs) => {
    const [x, y, save] = inputs as unknown as [Tensor2D, Tensor2D, (tensors: Tensor[]) => void];
    save([x, y]);
    const value = tf.tidy(() => {
      const blocks = [...rowBlocks(x, y)].map(([, block]) => tf.tidy(() => tf.sum(tf.abs(differences(block, y)), 2)));
      return tf.concat(blocks, 0);
    });
    return { value, gradFunc: (dy, saved) => gradients(dy as Tensor2D, saved[0] as Tensor2D, saved[1] as Tensor2D) };
  });
  return operation(a, b) as Tensor2D;
}

function gradients(dy: Tensor2D, x: Tensor2D, y: Tensor2D): Tensor[] {
  return tf.tidy(() => {
    const gradientsOfX: Tensor[] = [];
    let gradientOfY: Tensor = tf.zerosLike(y);
    for (const [start, block] of rowBlocks(x, y)) {
      const [forX, forY] = tf.tidy(() => {
        const incoming = tf.slice(dy, [start, 0], [block.shape[0], -1]);
        const weighted = tf.mul(tf.expandDims(incoming, 2), tf.sign(differences(block, y)));
        return [tf.sum(weighted, 1), tf.sum(weighted, 0)] as [Tensor, Tensor];
      });
      gradientsOfX.push(forX);
      gradientOfY = tf.sub(gradientOfY, forY);
    }
    return [tf.concat(gradientsOfX, 0), gradientOfY];
  });
}

/** d(a, b) = sum_d |a_d - b_d|, with gradient 0 in the dimensions where a = b. */
export const manhattanDistance: Distance = {
  pairwise: manhattanPairwise,
  paired: (a, b) => tf.tidy(() => tf.sum(tf.abs(tf.sub(a, b)), 1) as Tensor1D),
};
