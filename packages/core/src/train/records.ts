/** Numbers by name. */
export type MetricValues = Record<string, number>;

/** What was measured at one step; steps count from 1, epochs from 0. */
export interface TrainRecord {
  step: number;
  epoch: number;
  metrics: MetricValues;
}

/** What `fit` returns. */
export interface History {
  /** The metrics of the recorded steps, of all runs since the first start. */
  records: TrainRecord[];
  /** What `validate` returned, and when. */
  validations: TrainRecord[];
  /** Wall time of training, of all runs since the first start. */
  seconds: number;
  /** Of this call. */
  stepsPerSecond: number;
  /** Why it ended. */
  stopped: 'finished' | 'early' | 'callback' | 'aborted';
  /** Remarks made on the way: hints, checkpoints that could not be read. */
  notes: string[];
  /** The best validation, where one was watched. */
  best?: { step: number; metric: string; value: number };
}

/** A number to watch, and which way is up. */
export interface Watched {
  /** A name that `validate` returns. */
  metric: string;
  better?: 'lower' | 'higher';
}

/** True when `value` is better than `than` by more than `margin`. */
export function isBetter(value: number, than: number, better: 'lower' | 'higher', margin = 0): boolean {
  return better === 'lower' ? value < than - margin : value > than + margin;
}
