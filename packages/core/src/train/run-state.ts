import type { Json } from '../checkpoint/checkpoints.js';
import type { PlateauState } from '../schedules/plateau.js';
import type { HostState } from '../step/step.js';
import type { WatchState } from './best-validation.js';
import type { DataFacts } from './data-facts.js';
import type { TrainRecord } from './records.js';

/** Everything of a run that is not a tensor; what `state.json` of a checkpoint holds. */
export interface RunState {
  /** Steps made. */
  step: number;
  /** The epoch that is running, and how many of its batches were used: the data cursor. */
  epoch: number;
  batch: number;
  seed?: number | string;
  /** Absent in checkpoints of earlier versions. */
  data?: DataFacts;
  seconds: number;
  records: TrainRecord[];
  validations: TrainRecord[];
  host: HostState;
  /** By what they serve: best, earlyStopping. */
  watches: Record<string, WatchState>;
  plateau?: PlateauState;
  callbacks: Record<string, Json>;
  notes: string[];
  /** Why the run ended, once it did. */
  stopped?: 'early' | 'callback';
}

export function initialState(seed: number | string | undefined): RunState {
  return {
    step: 0,
    epoch: 0,
    batch: 0,
    ...(seed === undefined ? {} : { seed }),
    seconds: 0,
    records: [],
    validations: [],
    host: {},
    watches: {},
    callbacks: {},
    notes: [],
  };
}
