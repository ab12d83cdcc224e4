import { assertBackend } from '../assert-backend.js';
import { requireInteger, requireOneOf } from '../checks.js';
import type { Dataset } from '../data/dataset.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Step } from '../step/step.js';
import { type FitOptions, knownOptions } from './fit-options.js';
import type { History } from './records.js';
import { Run } from './run.js';

/**
 * Repeats a step over a dataset: with progress, validation, early stopping, logs and checkpoints as asked for. With
 * `checkpoint`, a run that was stopped or killed goes on where its newest checkpoint stands when it is called again in the
 * same way; on CPU devices it then ends with the same bits as a run that was never stopped.
 *
 * @returns the metrics of each recorded step, the validations, times, and why it ended
 * @throws CrossmodalError without `epochs` and `steps`; for an option that does not exist; when the dataset is empty; when a term of the loss is not finite,
 *   naming it and what of the batch is not finite, with the last good checkpoint's weights in place; when a checkpoint does not fit the step
 *   or was made with other data
 * @example
 * const history = await fit(step, data, { epochs: 3, checkpoint: 'runs/first', log: { jsonl: 'runs/first.jsonl' } });
 */
export async function fit<Batch>(step: Step<Batch>, data: Dataset<Batch>, options: FitOptions): Promise<History> {
  checkOptions(options);
  assertBackend('fit');
  const run = new Run(step, data, options);
  try {
    return await run.execute();
  } finally {
    run.close();
  }
}

function checkOptions(options: FitOptions): void {
  const { checkpoint, log } = options;
  assertKnownOptions('fit', options, knownOptions.fit);
  if (typeof checkpoint === 'object') assertKnownOptions('fit: checkpoint', checkpoint, knownOptions.checkpoint);
  if (options.earlyStopping)
    assertKnownOptions('fit: earlyStopping', options.earlyStopping, knownOptions.earlyStopping);
  if (log) assertKnownOptions('fit: log', log, knownOptions.log);
  checkValues(options);
}

function checkValues({
  epochs,
  steps,
  recordEvery = 1,
  validateEverySteps,
  earlyStopping,
  checkpoint,
  progress = 'auto',
}: FitOptions): void {
  if (typeof progress !== 'boolean') requireOneOf('fit: progress', progress, ['auto']);
  const best = typeof checkpoint === 'object' ? checkpoint.best : undefined;
  for (const [name, watch] of Object.entries({ earlyStopping, 'checkpoint.best': best })) {
    if (watch?.better) requireOneOf(`fit: ${name}.better`, watch.better, ['lower', 'higher']);
  }
  if (epochs === undefined && steps === undefined) {
    throw new CrossmodalError('fit: give epochs or steps, or both: the run stops at whichever comes first');
  }
  for (const [name, count] of Object.entries({ epochs, steps, recordEvery, validateEverySteps })) {
    if (count !== undefined && count !== Number.POSITIVE_INFINITY) requireInteger(`fit: ${name}`, count);
  }
  if (earlyStopping && !(earlyStopping.patience >= 0)) {
    throw new CrossmodalError(`fit: earlyStopping.patience must not be negative, got ${earlyStopping.patience}`);
  }
}
