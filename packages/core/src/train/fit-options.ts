import type { Json } from '../checkpoint/checkpoints.js';
import type { Plateau } from '../schedules/plateau.js';
import type { MetricValues, TrainRecord, Watched } from './records.js';

/** Where and when a run is saved. */
export interface CheckpointOptions {
  folder: string;
  /** Saves after every so many steps too: beside the end of each epoch, unless `everyEpochs` is 0. */
  everySteps?: number;
  /** Saves at the end of every so many epochs, by default of each, also with `everySteps`; 0 for never. */
  everyEpochs?: number;
  /** How many of the newest are kept. */
  keep?: number;
  /** Also keeps the checkpoint of the best validation. */
  best?: Watched;
  /** Goes on from the newest checkpoint of the folder, when there is one. With false there must be none. */
  resume?: boolean;
}

/** When to stop before the end. */
export interface EarlyStoppingOptions extends Watched {
  /** Validations without improvement that are let pass. */
  patience: number;
  minimumImprovement?: number;
  /** Puts the weights of the best validation back at the end. */
  restoreBest?: boolean;
}

/** Files that follow the run. */
export interface LogOptions {
  /** One JSON object per record. */
  jsonl?: string;
  /** A folder for event files. */
  tensorboard?: string;
}

/** What a callback may return to end the run. */
export type CallbackResult = 'stop' | undefined;

/** Called on the way. What it keeps of its own is saved with the checkpoints when it has `state` and `restore`. */
export interface Callback {
  /** Distinguishes the saved states of several callbacks. */
  name: string;
  onStep?(record: TrainRecord): CallbackResult | Promise<CallbackResult>;
  onValidation?(record: TrainRecord): CallbackResult | Promise<CallbackResult>;
  onEpoch?(at: { step: number; epoch: number }): CallbackResult | Promise<CallbackResult>;
  state?(): Json;
  restore?(state: Json): void;
}

export interface FitOptions {
  /** Stops after this many passes over the data. */
  epochs?: number;
  /** Stops after this many steps. */
  steps?: number;
  /** Recorded with the checkpoints; going on under another seed is refused. */
  seed?: number | string;
  /** A bar on a terminal, plain lines elsewhere ('auto', true), or nothing (false). */
  progress?: boolean | 'auto';
  /** Name of the run, for progress. */
  label?: string;
  /** Reads, records and checks the metrics at every so many steps; reading waits for the device. */
  recordEvery?: number;
  /** Measures on held-out data: at the end of each epoch, or every `validateEverySteps`. */
  validate?: (at: { step: number; epoch: number }) => MetricValues | Promise<MetricValues>;
  validateEverySteps?: number;
  earlyStopping?: EarlyStoppingOptions;
  /** A learning rate that follows a validation metric. */
  plateau?: { schedule: Plateau; metric: string };
  checkpoint?: string | CheckpointOptions;
  log?: LogOptions;
  callbacks?: readonly Callback[];
  /** Ends the run after the running step, with a checkpoint where there are any. */
  signal?: AbortSignal;
}

type Names<Options> = Record<keyof Options, true>;
const watched: Names<Watched> = { metric: true, better: true };

/** What `fit` knows, for those who call it from plain JavaScript. */
export const knownOptions = {
  fit: {
    epochs: true,
    steps: true,
    seed: true,
    progress: true,
    label: true,
    recordEvery: true,
    validate: true,
    validateEverySteps: true,
    earlyStopping: true,
    plateau: true,
    checkpoint: true,
    log: true,
    callbacks: true,
    signal: true,
  } satisfies Names<FitOptions>,
  checkpoint: {
    folder: true,
    everySteps: true,
    everyEpochs: true,
    keep: true,
    best: true,
    resume: true,
  } satisfies Names<CheckpointOptions>,
  earlyStopping: {
    ...watched,
    patience: true,
    minimumImprovement: true,
    restoreBest: true,
  } satisfies Names<EarlyStoppingOptions>,
  log: { jsonl: true, tensorboard: true } satisfies Names<LogOptions>,
};
