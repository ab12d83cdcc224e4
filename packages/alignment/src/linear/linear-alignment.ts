import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** x -> (x - mean) weight + bias; parts that are left out are not applied. */
export interface AffineMap {
  /** [input dimension, output dimension] */
  weight?: Tensor2D;
  /** Subtracted from the input, [input dimension]. */
  mean?: Tensor1D;
  /** Added to the output, [output dimension]. */
  bias?: Tensor1D;
}

/** Two linear maps into one space: what every hard alignment, and the linear soft one, comes down to. */
export interface LinearAlignment {
  /** Number of columns of the shared space. */
  readonly dimension: number;
  /** Maps rows of the first representation, [rows, first dimension], into the shared space. Differentiable. */
  embedA(x: Tensor2D): Tensor2D;
  /** Maps rows of the second representation, [rows, second dimension], into the shared space. Differentiable. */
  embedB(y: Tensor2D): Tensor2D;
  /** Frees the maps. */
  dispose(): void;
}

/** Applies an affine map to rows. */
export function applyAffine(x: Tensor2D, { weight, mean, bias }: AffineMap): Tensor2D {
  return tf.tidy(() => {
    let y: Tensor2D = mean ? tf.sub(x, mean) : x;
    if (weight) y = tf.matMul(y, weight);
    if (bias) y = tf.add(y, bias);
    return y === x ? tf.clone(x) : y;
  });
}

/** Joins two affine maps to an alignment that owns their tensors. */
export function linearAlignment(
  name: string,
  dimensions: [a: number, b: number, shared: number],
  a: AffineMap,
  b: AffineMap,
): LinearAlignment {
  const check = (x: Tensor2D, argument: string, expected: number) => {
    if (x.rank !== 2 || x.shape[1] !== expected) {
      throw new RangeError(`${name}.${argument}: rows must have ${expected} columns, got shape [${x.shape}]`);
    }
  };
  return {
    dimension: dimensions[2],
    embedA(x) {
      check(x, 'embedA', dimensions[0]);
      return applyAffine(x, a);
    },
    embedB(y) {
      check(y, 'embedB', dimensions[1]);
      return applyAffine(y, b);
    },
    dispose() {
      tf.dispose([a.weight, a.mean, a.bias, b.weight, b.mean, b.bias].filter((part) => part !== undefined));
    },
  };
}
