import { assertKnownOptions, CrossmodalError, labelCodes, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { checkLatents } from './latents/latent-distribution.js';

/** How much of each factor one latent dimension tells alone; see `mutualInformationGap`. */
export interface Disentanglement {
  /** Mean of the gaps over the factors, from 0 to 1. */
  gap: number;
  /** The gap of each factor. */
  gaps: Record<string, number>;
  /** I(z_j; v_k) / H(v_k) of each latent dimension, by factor. */
  shares: Record<string, number[]>;
}

/**
 * Mutual information gap: whether each factor of the data is told by one latent dimension alone. The latents are cut into bins of equal
 * width between the least and the largest value of each dimension.
 *
 * MIG = 1/K sum_k (I(z_j1; v_k) - I(z_j2; v_k)) / H(v_k), j1 and j2 the dimensions that know most of factor k
 *
 * @param latents [rows, dimension], two dimensions or more: means of the posterior
 * @param factors what the data were made of, one value per row, by name; every factor takes two values or more
 * @param options.bins how finely the latents are told apart
 * @throws CrossmodalError for latents of another shape or with values that are not finite, a factor of another length or of one value
 * @see Chen et al., Isolating sources of disentanglement in variational autoencoders (2018), eq. 6
 * @example
 * const { gap, gaps } = await mutualInformationGap(model.posterior(x).mean, { shape: shapes, left: places });
 */
export async function mutualInformationGap<Factor extends string>(
  latents: Tensor2D,
  factors: Record<Factor, ArrayLike<unknown>>,
  {
    bins = 20, // Locatello et al. (2019)
    ...others
  }: {
    /** @default 20 */
    bins?: number;
  } = {},
): Promise<Disentanglement> {
  const where = 'mutualInformationGap';
  assertKnownOptions('mutualInformationGap', others, ['bins']);
  requireInteger(`${where}: bins`, bins, 2);
  checkLatents(where, latents, { least: 2 });
  const [rows, dimension] = latents.shape;
  if (dimension < 2) {
    throw new CrossmodalError(
      `${where}: latents must have two dimensions or more to have a gap, got [${latents.shape}]`,
    );
  }
  const names = Object.keys(factors) as Factor[];
  if (names.length === 0) throw new CrossmodalError(`${where}: needs a factor or more, got none`);
  for (const name of names) {
    if (factors[name].length === rows) continue;
    throw new CrossmodalError(`${where}: each of ${rows} rows needs a value of ${name}, got ${factors[name].length}`);
  }
  const codes = labelCodes(where, factors, { text: true });
  const values = await latents.data();
  const columns = Array.from({ length: dimension }, (_, j) =>
    binned(
      where,
      Float64Array.from({ length: rows }, (_row, i) => values[i * dimension + j]!),
      bins,
    ),
  );
  const gaps: Record<string, number> = {};
  const shares: Record<string, number[]> = {};
  for (const name of names) {
    const entropy = mutualInformation(codes[name], codes[name]);
    if (entropy === 0) throw new CrossmodalError(`${where}: ${name} must take two values or more, got one`);
    shares[name] = columns.map((column) => mutualInformation(column, codes[name]) / entropy);
    const [first, second] = [...shares[name]].sort((a, b) => b - a);
    gaps[name] = first! - second!;
  }
  return { gap: names.reduce((sum, name) => sum + gaps[name]!, 0) / names.length, gaps, shares };
}

/** The bin of each value: bins of equal width from the least to the largest. */
function binned(where: string, column: Float64Array, bins: number): Int32Array {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [row, value] of column.entries()) {
    if (!Number.isFinite(value))
      throw new CrossmodalError(`${where}: latents must be finite, got ${value} in row ${row}`);
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const width = (most - least) / bins;
  return Int32Array.from(column, (value) => (width > 0 ? Math.min(bins - 1, Math.floor((value - least) / width)) : 0));
}

/** I(a; b) = sum p(a, b) ln(p(a, b) / (p(a) p(b))) of counts, in nats; of a list with itself its entropy. */
function mutualInformation(a: Int32Array, b: Int32Array): number {
  const joint = new Map<number, Map<number, number>>();
  const [ofA, ofB] = [new Map<number, number>(), new Map<number, number>()];
  const add = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);
  a.forEach((key, row) => {
    const beside = joint.get(key) ?? new Map<number, number>();
    joint.set(key, beside);
    add(beside, b[row]!);
    add(ofA, key);
    add(ofB, b[row]!);
  });
  let total = 0;
  for (const [key, beside] of joint) {
    for (const [other, count] of beside) {
      total += (count / a.length) * Math.log((count * a.length) / (ofA.get(key)! * ofB.get(other)!));
    }
  }
  return Math.max(0, total);
}
