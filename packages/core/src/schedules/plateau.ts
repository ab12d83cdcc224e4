import { requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Schedule } from './schedule.js';

export interface PlateauOptions {
  from: number;
  /** @default 0.1 */
  factor?: number;
  /**
   * Observations without improvement that are let pass.
   * @default 10
   */
  patience?: number;
  /**
   * Relative improvement that counts.
   * @default 1e-4
   */
  threshold?: number;
  /**
   * Observations after a reduction that are not counted.
   * @default 0
   */
  cooldown?: number;
  /** @default 0 */
  minimum?: number;
  /** @default 'lower' */
  better?: 'lower' | 'higher';
}

/** Plain numbers, for checkpoints. */
export interface PlateauState {
  rate: number;
  best: number | null;
  bad: number;
  cooling: number;
}

/** A schedule that follows what it is told. */
export interface Plateau extends Schedule {
  /** Tells it a measurement, such as the validation loss. */
  observe(value: number): void;
  state(): PlateauState;
  restore(state: PlateauState): void;
}

/**
 * A value that is multiplied by `factor` whenever the measurements it observes have not improved for more than `patience`
 * observations. Give it to the optimiser as learning rate and to `fit` as option `plateau`.
 *
 * @throws CrossmodalError unless 0 < factor < 1
 * @see torch.optim.lr_scheduler.ReduceLROnPlateau, whose defaults these are
 * @example
 * const rate = plateau({ from: 1e-3, patience: 3 });
 * const optimizer = adamW({ learningRate: rate });
 */
export function plateau({
  from,
  factor = 0.1,
  patience = 10,
  threshold = 1e-4,
  cooldown = 0,
  minimum = 0,
  better = 'lower',
  ...others
}: PlateauOptions): Plateau {
  assertKnownOptions('plateau', others, ['from', 'factor', 'patience', 'threshold', 'cooldown', 'minimum', 'better']);
  requireOneOf('plateau: better', better, ['lower', 'higher']);

  if (!(factor > 0 && factor < 1)) throw new CrossmodalError(`plateau: factor must be in (0, 1), got ${factor}`);
  let state: PlateauState = { rate: from, best: null, bad: 0, cooling: 0 };
  const improves = (value: number): boolean => {
    if (state.best === null) return true;
    return better === 'lower' ? value < state.best * (1 - threshold) : value > state.best * (1 + threshold);
  };
  return Object.assign(() => state.rate, {
    observe(value: number) {
      const improved = improves(value);
      let { rate, best, bad, cooling } = state;
      if (improved) best = value;
      bad = improved || cooling > 0 ? 0 : bad + 1;
      if (cooling > 0) cooling--;
      if (bad > patience) {
        rate = Math.max(rate * factor, minimum);
        bad = 0;
        cooling = cooldown;
      }
      state = { rate, best, bad, cooling };
    },
    state: () => ({ ...state }),
    restore(saved: PlateauState) {
      state = { ...saved };
    },
  });
}
