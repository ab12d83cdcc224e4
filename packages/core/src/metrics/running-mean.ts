import { CrossmodalError } from '../errors.js';

export interface RunningMean {
  /** Adds named values, each with the weight given (e.g. the number of rows of a batch). */
  update(values: Readonly<Record<string, number>>, weight?: number): void;
  /** Weighted mean of each name. */
  result(): Record<string, number>;
  reset(): void;
}

/**
 * Weighted means of named values that arrive batch by batch, such as losses: sum_i w_i x_i / sum_i w_i.
 *
 * @throws CrossmodalError if a weight is negative or not finite.
 * @example
 * const loss = runningMean();
 * loss.update({ loss: 1 }, 32);
 * loss.update({ loss: 3 }, 32);
 * loss.result(); // { loss: 2 }
 */
export function runningMean(): RunningMean {
  let sums = new Map<string, { sum: number; weight: number }>();
  return {
    update(values, weight = 1) {
      if (!(weight >= 0) || !Number.isFinite(weight)) {
        throw new CrossmodalError(`runningMean: weight must be a finite number not below 0, got ${weight}`);
      }
      for (const [name, value] of Object.entries(values)) {
        const entry = sums.get(name) ?? { sum: 0, weight: 0 };
        sums.set(name, { sum: entry.sum + weight * value, weight: entry.weight + weight });
      }
    },
    result() {
      const entries = [...sums].filter(([, { weight }]) => weight > 0);
      return Object.fromEntries(entries.map(([name, { sum, weight }]) => [name, sum / weight]));
    },
    reset() {
      sums = new Map();
    },
  };
}
