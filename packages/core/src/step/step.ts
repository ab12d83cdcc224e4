import type { Scalar } from '@tensorflow/tfjs-core';
import type { NamedVariables } from '../variables.js';

/** The numbers that a step reports, as scalars; disposed by whoever called `run`. */
export type Metrics = Record<string, Scalar>;

/** Plain numbers that a step must carry over a restart, beside its variables. */
export type HostState = Record<string, number>;

/** One step of training; what `fit` repeats. */
export interface Step<Batch> {
  /** Trains on one batch and reports. The batch stays the caller's. */
  run(batch: Batch): Metrics;
  /** Every variable that a checkpoint must hold: weights, statistics, optimiser slots, averages. */
  namedState(): NamedVariables;
  /** Counters and the like. A step without them starts from zero after a resume. */
  hostState?(): HostState;
  restoreHostState?(state: HostState): void;
  /** The learning rates in force, for the log. */
  learningRates?(): Record<string, number>;
  dispose(): void;
}
