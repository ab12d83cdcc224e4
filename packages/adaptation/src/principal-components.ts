import { assertKnownOptions, CrossmodalError, Random, requireInteger } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix, QrDecomposition } from 'ml-matrix';

export interface PrincipalComponentsOptions {
  /**
   * How many to keep.
   * @default 2
   */
  components?: number;
  /**
   * Of the start of the iteration; the result does not depend on it, but for rounding.
   * @default 0
   */
  seed?: number;
}

/** The directions of largest variance, and the projection onto them. */
export interface PrincipalComponents {
  /** One unit row per component, [components, dim], by falling variance; its entry of largest magnitude is positive. */
  readonly components: Tensor2D;
  /** Column means, [dim] */
  readonly mean: Tensor1D;
  /** Variance along each component, with divisor n - 1. */
  readonly explainedVariance: readonly number[];
  /** Share of the total variance. */
  readonly explainedVarianceRatio: readonly number[];
  /** [rows, dim] to [rows, components]; whitened to unit variance on request. */
  project(x: Tensor2D, options?: { whiten?: boolean }): Tensor2D;
  dispose(): void;
}

/** Directions iterated beside those asked for, which speeds up convergence (Halko et al., section 4.5). */
const OVERSAMPLING = 8;
const MOST_ITERATIONS = 300;

/** X^T (X Q) for centred X, row by row. */
function applyCovariance(x: Float64Array, columns: number, q: Matrix): Matrix {
  const width = q.columns;
  const directions = q.to1DArray();
  const sum = new Float64Array(columns * width);
  const along = new Float64Array(width);
  for (let start = 0; start < x.length; start += columns) {
    along.fill(0);
    for (let d = 0; d < columns; d++) {
      const value = x[start + d] as number;
      for (let k = 0; k < width; k++) along[k] = (along[k] as number) + value * (directions[d * width + k] as number);
    }
    for (let d = 0; d < columns; d++) {
      const value = x[start + d] as number;
      for (let k = 0; k < width; k++)
        sum[d * width + k] = (sum[d * width + k] as number) + value * (along[k] as number);
    }
  }
  return Matrix.from1DArray(columns, width, sum);
}

/** The leading eigenpairs of X^T X by subspace iteration with Rayleigh-Ritz projection. */
function leading(
  x: Float64Array,
  columns: number,
  count: number,
  block: number,
  seed: number,
): { values: number[]; vectors: Matrix } {
  const random = new Random(seed);
  let q = Matrix.from1DArray(
    columns,
    block,
    Array.from({ length: columns * block }, () => random.normal()),
  );
  let values: number[] = [];
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    q = new QrDecomposition(q).orthogonalMatrix;
    const image = applyCovariance(x, columns, q);
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(q.transpose().mmul(image), {
      assumeSymmetric: true,
    });
    const order = realEigenvalues
      .map((_, k) => k)
      .sort((a, b) => (realEigenvalues[b] as number) - (realEigenvalues[a] as number));
    const rotation = eigenvectorMatrix.subMatrixColumn(order);
    const found = order.slice(0, count).map((k) => Math.max(0, realEigenvalues[k] as number));
    const change = Math.max(...found.map((value, k) => Math.abs(value - (values[k] ?? Number.POSITIVE_INFINITY))));
    values = found;
    if (change <= 1e-12 * (found[0] as number) || block === columns) return { values, vectors: q.mmul(rotation) };
    q = image.mmul(rotation);
  }
  return { values, vectors: new QrDecomposition(q).orthogonalMatrix };
}

/**
 * Principal component analysis: x_c = x - mean, components = leading eigenvectors of x_c^T x_c / (n - 1). Computed on the host
 * in double precision, for few components of many columns.
 *
 * @param x [rows, dim]
 * @throws CrossmodalError for fewer than two rows, values that are not finite, or more components than rows or columns
 * @see Pearson (1901); Halko, Martinsson and Tropp (2011), algorithm 4.4, for the iteration
 *
 * @example
 * const { project } = await principalComponents(features, { components: 2 });
 */
export async function principalComponents(
  x: Tensor2D,
  { components = 2 /* a picture */, seed = 0, ...others }: PrincipalComponentsOptions = {},
): Promise<PrincipalComponents> {
  assertKnownOptions('principalComponents', others, ['components', 'seed']);
  const [rows, columns] = x.shape;
  const most = Math.min(rows, columns);
  if (x.rank !== 2 || rows < 2)
    throw new CrossmodalError(`principalComponents: x must have at least two rows, got shape [${x.shape}]`);
  requireInteger('principalComponents: components', components, 1, most);
  const centred = Float64Array.from(await x.data());
  const wrong = centred.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new CrossmodalError(`principalComponents: x must be finite, got ${wrong}`);
  const mean = new Float64Array(columns);
  for (let i = 0; i < centred.length; i++)
    mean[i % columns] = (mean[i % columns] as number) + (centred[i] as number) / rows;
  let total = 0;
  for (let i = 0; i < centred.length; i++) {
    centred[i] = (centred[i] as number) - (mean[i % columns] as number);
    total += (centred[i] as number) ** 2;
  }
  const { values, vectors } = leading(centred, columns, components, Math.min(components + OVERSAMPLING, columns), seed);
  const directions = Array.from({ length: components }, (_, k) => {
    const vector = vectors.getColumn(k);
    const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    return largest < 0 ? vector.map((value) => -value) : vector;
  });
  const explainedVariance = values.map((value) => value / (rows - 1));

  const axes = tf.tensor2d(directions, [components, columns]);
  const origin = tf.tensor1d(Float32Array.from(mean));
  return {
    components: axes,
    mean: origin,
    explainedVariance,
    explainedVarianceRatio: values.map((value) => (total > 0 ? value / total : 0)),
    project(y, { whiten = false, ...others } = {}) {
      assertKnownOptions('principalComponents.project', others, ['whiten']);
      if (y.rank !== 2 || y.shape[1] !== columns) {
        throw new CrossmodalError(`principalComponents: rows must have ${columns} columns, got shape [${y.shape}]`);
      }
      return tf.tidy(() => {
        const projected = tf.matMul(tf.sub(y, origin) as Tensor2D, axes, false, true) as Tensor2D;
        if (!whiten) return projected;
        return tf.div(projected, tf.sqrt(tf.tensor1d([...explainedVariance]))) as Tensor2D;
      });
    },
    dispose() {
      tf.dispose([axes, origin]);
    },
  };
}
