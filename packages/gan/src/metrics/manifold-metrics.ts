import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { featurePair, pairwiseDistances } from './feature-rows.js';

export interface ManifoldMetrics {
  /** Share of generated samples that lie within the k-neighbour ball of some real one: fidelity. */
  precision: number;
  /** Share of real samples that lie within the k-neighbour ball of some generated one: variety. */
  recall: number;
  /** Mean number of real balls around a generated sample, divided by k; may exceed 1, robust against outliers. */
  density: number;
  /** Share of real samples whose ball holds at least one generated sample. */
  coverage: number;
}

/**
 * Precision, recall, density and coverage of generated samples, on manifolds made of balls whose radius r_k(a) is the
 * distance of a to its k-th nearest other point of the same set.
 *
 * precision = mean_j [exists i: d(g_j, r_i) <= r_k(r_i)]; recall with the roles exchanged;
 * density = 1/(k M) sum_j #{i: d(g_j, r_i) < r_k(r_i)}; coverage = mean_i [min_j d(g_j, r_i) < r_k(r_i)].
 *
 * @param real [rows, dimension], features of real samples
 * @param generated [rows, dimension], features of generated samples
 * @throws CrossmodalError unless 1 <= neighbours < rows of each set
 * @see Kynkaanniemi et al., Improved precision and recall metric (2019); Naeem et al., Reliable fidelity and diversity
 *   metrics for generative models (2020), eq. 1-4
 * @example
 * const { precision, recall } = await manifoldMetrics(realFeatures, fakeFeatures, { neighbours: 5 });
 */
export async function manifoldMetrics(
  real: Tensor2D,
  generated: Tensor2D,
  {
    neighbours = 3,
    ...others
  }: {
    /** @default 3 */
    neighbours?: number;
  } = {}, // Kynkaanniemi et al.; Naeem et al. take 5
): Promise<ManifoldMetrics> {
  assertKnownOptions('manifoldMetrics', others, ['neighbours']);
  const [x, y] = await featurePair('manifoldMetrics', ['real', real], ['generated', generated]);
  if (!Number.isInteger(neighbours) || neighbours < 1 || neighbours >= Math.min(x.rows, y.rows)) {
    throw new CrossmodalError(
      `manifoldMetrics: neighbours must be an integer from 1 to ${Math.min(x.rows, y.rows) - 1} (rows - 1), got ${neighbours}`,
    );
  }
  const radii = (rows: Float64Array[]) =>
    // Each row holds its zero distance to itself, so the k-th other neighbour is at sorted place k.
    rows.map((row) => Float64Array.from(row).sort()[neighbours] as number);
  const realRadius = radii(pairwiseDistances(x, x));
  const fakeRadius = radii(pairwiseDistances(y, y));
  const cross = pairwiseDistances(x, y);
  const inRealBall = new Uint8Array(y.rows);
  let recalled = 0;
  let counted = 0;
  let covered = 0;
  cross.forEach((row, i) => {
    const radius = realRadius[i] as number;
    let nearest = Number.POSITIVE_INFINITY;
    let recall = false;
    row.forEach((distance, j) => {
      if (distance <= radius) inRealBall[j] = 1;
      if (distance < radius) counted++;
      if (distance <= (fakeRadius[j] as number)) recall = true;
      if (distance < nearest) nearest = distance;
    });
    if (recall) recalled++;
    if (nearest < radius) covered++;
  });
  return {
    precision: inRealBall.reduce((sum, hit) => sum + hit, 0) / y.rows,
    recall: recalled / x.rows,
    density: counted / (neighbours * y.rows),
    coverage: covered / x.rows,
  };
}
