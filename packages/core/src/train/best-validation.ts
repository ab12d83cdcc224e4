import { CrossmodalError } from '../errors.js';
import { isBetter, type TrainRecord, type Watched } from './records.js';

/** How far the watching got; plain JSON. */
export interface WatchState {
  best?: { step: number; value: number };
  /** Validations since the best. */
  since: number;
}

/** The watched number of a validation. */
export function watchedValue(option: string, { metric }: { metric: string }, { metrics }: TrainRecord): number {
  const value = metrics[metric];
  if (value === undefined) {
    const given = Object.keys(metrics).join(', ') || 'nothing';
    throw new CrossmodalError(`fit: ${option} watches '${metric}', validate returned ${given}`);
  }
  return value;
}

/** Remembers the best validation, and counts those since. */
export class BestValidation {
  readonly #options: Watched & { minimumImprovement?: number };
  readonly #option: string;
  state: WatchState = { since: 0 };

  /** @param option the option of `fit` that it serves, for messages */
  constructor(option: string, options: Watched & { minimumImprovement?: number }) {
    this.#option = option;
    this.#options = options;
  }

  get metric(): string {
    return this.#options.metric;
  }

  /** True when the validation is the best so far. */
  observe(record: TrainRecord): boolean {
    const { better = 'lower', minimumImprovement = 0 } = this.#options;
    const value = watchedValue(this.#option, this.#options, record);
    const { best, since } = this.state;
    const improved = Number.isFinite(value) && (!best || isBetter(value, best.value, better, minimumImprovement));
    this.state = improved
      ? { best: { step: record.step, value }, since: 0 }
      : { ...(best ? { best } : {}), since: since + 1 };
    return improved;
  }
}
