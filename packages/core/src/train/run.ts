import type { TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../data/dataset.js';
import { CrossmodalError } from '../errors.js';
import { formatMetrics, openProgress, type Progress, silent } from '../log/progress.js';
import { batchTensors } from '../step/batch-rows.js';
import type { Metrics, Step } from '../step/step.js';
import { batchesOf } from './batches.js';
import { BestValidation, watchedValue } from './best-validation.js';
import { BestWeights } from './best-weights.js';
import { type DataFacts, dataFacts } from './data-facts.js';
import type { CallbackResult, FitOptions } from './fit-options.js';
import { nanError, spoiltInput, spoiltTerms } from './nan-guard.js';
import type { TrainingNote } from './notes/note.js';
import { trainingNotes } from './notes/training-notes.js';
import type { History, MetricValues, TrainRecord } from './records.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { RunLog } from './run-log.js';
import { initialState, type RunState } from './run-state.js';
import { ChangedVariables } from './unsaved-state.js';

/** One call of `fit`. */
export class Run<Batch> {
  readonly #step: Step<Batch>;
  readonly #data: Dataset<Batch>;
  readonly #options: FitOptions;
  readonly #checkpoints: RunCheckpoints<Batch> | undefined;
  /** By what they serve. */
  readonly #watches: { best?: BestValidation; earlyStopping?: BestValidation } = {};
  readonly #bestWeights: BestWeights;
  readonly #notes: TrainingNote[] = trainingNotes();
  /** When a checkpoint was last told of. */
  #told = Number.NEGATIVE_INFINITY;
  readonly #dataFacts: DataFacts;
  #state: RunState;
  #log: RunLog | undefined;
  #progress: Progress = silent;
  /** When training would have begun, had it never been interrupted. */
  #began = 0;
  #firstStep = 0;
  #stop: 'early' | 'callback' | 'aborted' | undefined;

  constructor(step: Step<Batch>, data: Dataset<Batch>, options: FitOptions) {
    this.#step = step;
    this.#data = data;
    this.#options = options;
    this.#dataFacts = dataFacts(data);
    this.#state = initialState(options.seed);
    this.#bestWeights = new BestWeights(step);
    if (options.checkpoint !== undefined) this.#checkpoints = new RunCheckpoints(step, options.checkpoint);
    const best = this.#checkpoints?.options.best;
    if (best) this.#watches.best = new BestValidation('checkpoint.best', best);
    if (options.earlyStopping) this.#watches.earlyStopping = new BestValidation('earlyStopping', options.earlyStopping);
    if ((best || options.earlyStopping || options.plateau) && !options.validate) {
      throw new CrossmodalError('fit: earlyStopping, plateau and checkpoint.best need validate');
    }
  }

  async execute(): Promise<History> {
    const { seed, log, progress = 'auto', label = 'fit', earlyStopping } = this.#options;
    const { epochs = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY } = this.#options;
    const resumed = await this.#checkpoints?.resume(seed, this.#dataFacts);
    if (resumed) this.#restoreState(resumed);
    this.#firstStep = this.#state.step;
    if (log) this.#log = new RunLog(log, resumed ? this.#state.step : undefined);
    if (progress !== false) this.#progress = openProgress({ label, total: this.#total(), start: this.#state.step });
    if (resumed) {
      for (const note of resumed.notes) this.#progress.note(note);
      const complete = this.#complete(epochs, steps);
      if (complete) this.#note(complete);
      else this.#progress.note(`goes on after step ${this.#state.step}`);
    }
    const began = performance.now();
    this.#began = began - 1000 * this.#state.seconds;
    while (!this.#stop && this.#state.epoch < epochs && this.#state.step < steps) await this.#epoch(steps);
    const made = this.#state.step - this.#firstStep;
    const seconds = this.#seconds();
    if (made > 0) await this.#save({ tell: true });
    if (earlyStopping?.restoreBest && this.#stop !== 'aborted') await this.#restoreBest();
    const watch = this.#watches.earlyStopping ?? this.#watches.best;
    return {
      records: this.#state.records,
      validations: this.#state.validations,
      seconds,
      stepsPerSecond: made === 0 ? 0 : (made * 1000) / (performance.now() - began),
      stopped: this.#stop ?? 'finished',
      notes: this.#state.notes,
      ...(watch?.state.best ? { best: { metric: watch.metric, ...watch.state.best } } : {}),
    };
  }

  /** Says so when the checkpoint leaves nothing to do. */
  #complete(epochs: number, steps: number): string | undefined {
    const { epoch, step } = this.#state;
    const at = (where: string) => `checkpoint ${this.#checkpoints?.options.folder} ${where} already: nothing to do`;
    if (this.#stop) return at(`was stopped at step ${step}`);
    if (epoch >= epochs) return at(`is at epoch ${epoch} of ${epochs}`);
    return step >= steps ? at(`is at step ${step} of ${steps}`) : undefined;
  }

  /** One pass over the data, or the rest of one. */
  async #epoch(steps: number): Promise<void> {
    const state = this.#state;
    let empty = state.batch === 0;
    for await (const { batch, last } of batchesOf(this.#data, state.epoch, state.batch)) {
      empty = false;
      await this.#train(batch);
      const at = { step: state.step, epoch: state.epoch, endOfEpoch: last };
      // The data cursor points behind the step before anything is saved.
      state.epoch += last ? 1 : 0;
      state.batch = last ? 0 : state.batch + 1;
      await this.#afterStep(at);
      if (this.#stop || state.step >= steps || last) return;
    }
    if (empty) throw new CrossmodalError(`fit: the dataset gave no batch in epoch ${state.epoch}`);
    // A checkpoint of an epoch that has become shorter since.
    state.epoch++;
    state.batch = 0;
  }

  /** One step: run, read, check, record. The batch lives until the metrics are read: it may be to blame for them. */
  async #train(batch: Batch): Promise<void> {
    const { callbacks = [] } = this.#options;
    const rows = batchTensors(batch)[0]?.[1].shape[0];
    let record: TrainRecord | undefined;
    try {
      record = await this.#measure(batch);
    } finally {
      tf.dispose(batch as TensorContainer);
    }
    if (!record) return;
    this.#state.records.push(record);
    this.#progress.update(record);
    for (const note of this.#notes) this.#note(note.observe(record, rows));
    for (const callback of callbacks) this.#stopIfAsked(await callback.onStep?.(record));
  }

  /** Runs the step; a record where one is due. */
  async #measure(batch: Batch): Promise<TrainRecord | undefined> {
    const { recordEvery = 1, steps } = this.#options;
    const metrics = await this.#runStep(batch);
    try {
      const step = ++this.#state.step;
      if (step % recordEvery !== 0 && step !== steps) return undefined;
      const record: TrainRecord = { step, epoch: this.#state.epoch, metrics: await readMetrics(metrics) };
      this.#log?.train(record, this.#step.learningRates?.() ?? {}, this.#seconds());
      if (spoiltTerms(record.metrics).length > 0) {
        const input = await spoiltInput(batch);
        const restored = await this.#checkpoints?.restoreNewest();
        throw nanError(record, this.#state.records.at(-1), { restored, input });
      }
      return record;
    } finally {
      tf.dispose(metrics);
    }
  }

  async #runStep(batch: Batch): Promise<Metrics> {
    const watch = this.#checkpoints && this.#state.step === this.#firstStep ? new ChangedVariables() : undefined;
    let metrics: Metrics | undefined;
    try {
      metrics = this.#step.run(batch);
      await watch?.checkAllSaved(this.#step.namedState());
      return metrics;
    } catch (error) {
      tf.dispose(metrics);
      throw error;
    } finally {
      watch?.dispose();
    }
  }

  /** Validation and saving, where they are due. */
  async #afterStep({ step, epoch, endOfEpoch }: { step: number; epoch: number; endOfEpoch: boolean }): Promise<void> {
    const { validate, validateEverySteps, callbacks = [], signal } = this.#options;
    let keep = false;
    if (validate && (validateEverySteps ? step % validateEverySteps === 0 : endOfEpoch)) {
      keep = await this.#validated({ step, epoch, metrics: await validate({ step, epoch }) });
    }
    if (endOfEpoch) for (const callback of callbacks) this.#stopIfAsked(await callback.onEpoch?.({ step, epoch }));
    if (signal?.aborted) this.#stop = 'aborted';
    if (keep || this.#checkpoints?.due({ step, epoch, endOfEpoch })) await this.#save({ tell: keep });
  }

  /** Takes a validation in; true when the weights of this moment should be kept on disk. */
  async #validated(record: TrainRecord): Promise<boolean> {
    const { earlyStopping, plateau, callbacks = [] } = this.#options;
    this.#state.validations.push(record);
    this.#log?.validation(record, this.#seconds());
    plateau?.schedule.observe(watchedValue('plateau', plateau, record));
    let keep = this.#watches.best?.observe(record) ?? false;
    const watch = this.#watches.earlyStopping;
    if (earlyStopping && watch) {
      const improved = watch.observe(record);
      if (improved && earlyStopping.restoreBest) {
        if (this.#checkpoints) keep = true;
        else this.#bestWeights.take();
      }
      if (watch.state.since > earlyStopping.patience) this.#stop = 'early';
    }
    this.#progress.note(this.#validationLine(record));
    for (const callback of callbacks) this.#stopIfAsked(await callback.onValidation?.(record));
    return keep;
  }

  /** What a validation gave, and the best so far where one is watched. */
  #validationLine({ step, epoch, metrics }: TrainRecord): string {
    const numbers = formatMetrics(metrics, Number.POSITIVE_INFINITY) || 'nothing measured';
    const line = `validation at step ${step}, epoch ${epoch + 1}: ${numbers}`;
    const watch = this.#watches.best ?? this.#watches.earlyStopping;
    const best = watch?.state.best;
    if (!watch || !best) return line;
    const value = formatMetrics({ [watch.metric]: best.value });
    return best.step === step ? `${line} (the best so far)` : `${line} (best so far: ${value} at step ${best.step})`;
  }

  async #restoreBest(): Promise<void> {
    const best = this.#watches.earlyStopping?.state.best;
    if (!best) return;
    if (this.#checkpoints) await this.#checkpoints.restore(best.step);
    else this.#bestWeights.restore();
  }

  /** Saves, and tells so: always with `tell`, else not more often than every ten seconds. */
  async #save({ tell }: { tell: boolean }): Promise<void> {
    if (!this.#checkpoints || this.#checkpoints.newest === this.#state.step) return;
    const path = await this.#checkpoints.save(this.#currentState());
    const now = performance.now();
    if (!tell && now - this.#told < 10_000) return;
    this.#told = now;
    this.#progress.note(`checkpoint ${path}`);
  }

  /** The state of the run with that of everything that keeps its own. */
  #currentState(): RunState {
    const { plateau, callbacks = [] } = this.#options;
    const state = this.#state;
    state.seconds = this.#seconds();
    state.data = this.#dataFacts;
    state.host = this.#step.hostState?.() ?? {};
    for (const [use, watch] of Object.entries(this.#watches)) state.watches[use] = watch.state;
    if (plateau) state.plateau = plateau.schedule.state();
    for (const callback of callbacks) if (callback.state) state.callbacks[callback.name] = callback.state();
    if (this.#stop === 'early' || this.#stop === 'callback') state.stopped = this.#stop;
    return state;
  }

  /** Goes on from a saved state. */
  #restoreState(state: RunState): void {
    const { plateau, callbacks = [] } = this.#options;
    this.#state = state;
    this.#stop = state.stopped;
    for (const [use, watch] of Object.entries(this.#watches)) watch.state = state.watches[use] ?? watch.state;
    if (plateau && state.plateau) plateau.schedule.restore(state.plateau);
    for (const callback of callbacks) {
      const saved = state.callbacks[callback.name];
      if (saved !== undefined) callback.restore?.(saved);
    }
  }

  #stopIfAsked(result: CallbackResult): void {
    if (result === 'stop') this.#stop = 'callback';
  }

  #note(text: string | undefined): void {
    if (text === undefined) return;
    this.#state.notes.push(text);
    this.#progress.note(text);
  }

  #seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** The number of steps in all, when it is known. */
  #total(): number | undefined {
    const { epochs = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY } = this.#options;
    const perEpoch = this.#data.batchesPerEpoch ?? Number.POSITIVE_INFINITY;
    const total = Math.min(steps, perEpoch * epochs);
    return Number.isFinite(total) ? total : undefined;
  }

  close(): void {
    this.#progress.stop();
    this.#log?.close();
    this.#bestWeights.dispose();
  }
}

async function readMetrics(metrics: Metrics): Promise<MetricValues> {
  const entries = Object.entries(metrics).map(async ([name, scalar]) => [name, (await scalar.data())[0]] as const);
  return Object.fromEntries(await Promise.all(entries)) as MetricValues;
}
