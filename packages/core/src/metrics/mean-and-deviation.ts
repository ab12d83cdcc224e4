import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { finiteNumbers, type Numbers } from './inputs.js';

export interface MeanAndDeviation {
  mean: number;
  /** Sample standard deviation (n - 1 in the denominator); 0 for a single value. */
  deviation: number;
  count: number;
}

/**
 * Mean and sample standard deviation, e.g. of one score over seeds: sqrt(1/(n-1) sum_i (x_i - mean)^2).
 *
 * @param values [n]
 * @throws CrossmodalError if there is no value or one is not finite.
 * @example meanAndDeviation([0.8, 0.82, 0.84]); // { mean: 0.82, deviation: 0.02, count: 3 }
 */
export function meanAndDeviation(values: Numbers): MeanAndDeviation {
  const flat = Array.from(finiteNumbers('meanAndDeviation', 'values', values));
  const mean = flat.reduce((a, b) => a + b, 0) / flat.length;
  const squares = flat.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { mean, deviation: flat.length > 1 ? Math.sqrt(squares / (flat.length - 1)) : 0, count: flat.length };
}

/**
 * Mean and deviation of each score over runs that differ in their seed.
 *
 * @param runs one record of scores per seed, all with the same names
 * @throws CrossmodalError if there is no run, or a run lacks a name that another has.
 * @example overSeeds([{ accuracy: 0.8 }, { accuracy: 0.9 }]).accuracy?.mean; // 0.85
 */
export function overSeeds(runs: readonly Readonly<Record<string, number>>[]): Record<string, MeanAndDeviation> {
  if (runs.length === 0) throw new CrossmodalError('overSeeds: runs must hold at least one record, got none');
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  return Object.fromEntries(
    names.map((name) => {
      const values = runs.map((run, index) => {
        const value = run[name];
        if (value === undefined)
          throw new CrossmodalError(`overSeeds: run ${index} has no score "${name}", other runs have`);
        return value;
      });
      return [name, meanAndDeviation(values)];
    }),
  );
}

/**
 * "0.820 +- 0.020", the way result tables print it; without the deviation when there is one value only.
 *
 * @example formatMeanAndDeviation(meanAndDeviation([0.8, 0.84])); // '0.820 ± 0.028'
 */
export function formatMeanAndDeviation(
  { mean, deviation, count }: MeanAndDeviation,
  { digits = 3, ...others } = {},
): string {
  assertKnownOptions('formatMeanAndDeviation', others, ['digits']);

  return count > 1 ? `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}` : mean.toFixed(digits);
}
