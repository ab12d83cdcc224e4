import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';
import { finiteNumbers, type Numbers } from './inputs.js';

export interface Interval {
  low: number;
  high: number;
}

/**
 * Percentile of numbers, with linear interpolation between order statistics (position p (n - 1)).
 *
 * @param values [n]
 * @param share in [0, 1]
 * @throws CrossmodalError if there is no value, or the share is outside [0, 1].
 * @see numpy.percentile, method "linear"
 * @example percentile([1, 2, 3, 4], 0.5); // 2.5
 */
export function percentile(values: Numbers, share: number): number {
  const sorted = Float64Array.from(finiteNumbers('percentile', 'values', values)).sort();
  if (!(share >= 0 && share <= 1)) throw new CrossmodalError(`percentile: share must be in [0, 1], got ${share}`);
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

export interface BootstrapOptions {
  /**
   * Draws with replacement.
   * @default 1000
   */
  resamples?: number;
  /** @default 0.95 */
  confidence?: number;
  /** @default 0 */
  seed?: number | string;
  /** The draws themselves, instead of seeded ones: [resamples][n] indices. */
  indices?: readonly ArrayLike<number>[];
}

/**
 * Percentile bootstrap interval of the mean: the quantiles (1 -+ confidence) / 2 of the means of resamples.
 *
 * @param values [n], e.g. one score per query or per seed
 * @throws CrossmodalError if there is no value, or an option is out of range.
 * @see Efron (1979), Bootstrap methods: another look at the jackknife
 * @example bootstrapInterval([0.8, 0.9, 0.7, 0.85], { seed: 1 });
 */
export function bootstrapInterval(
  values: Numbers,
  {
    resamples = 1000, // Efron and Tibshirani (1993), section 13.3: about 1000 for percentiles
    confidence = 0.95,
    seed = 0,
    indices,
    ...others
  }: BootstrapOptions = {},
): Interval {
  assertKnownOptions('bootstrapInterval', others, ['resamples', 'confidence', 'seed', 'indices']);

  const where = 'bootstrapInterval';
  const flat = finiteNumbers(where, 'values', values);
  if (!(confidence > 0 && confidence < 1))
    throw new CrossmodalError(`${where}: confidence must be in (0, 1), got ${confidence}`);
  requireInteger(`${where}: resamples`, resamples, 1, 10_000_000);
  const random = new Random(seed);
  const meanOf = (draw: (k: number) => number, count: number) => {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const value = flat[draw(k)];
      if (value === undefined) throw new CrossmodalError(`${where}: indices must be in [0, ${flat.length})`);
      sum += value;
    }
    return sum / count;
  };
  const means = indices
    ? indices.map((row) => meanOf((k) => row[k] as number, row.length))
    : Array.from({ length: resamples }, () => meanOf(() => random.integer(flat.length), flat.length));
  return { low: percentile(means, (1 - confidence) / 2), high: percentile(means, (1 + confidence) / 2) };
}
