import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { Dataset } from './dataset.js';
import type { Step } from './step.js';

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
  records: TrainRecord[];
  /** What `validate` returned, and when. */
  validations: TrainRecord[];
  /** Wall time of the call. */
  seconds: number;
  stepsPerSecond: number;
}

export interface FitOptions {
  /** Stops after this many passes over the data. */
  epochs?: number;
  /** Stops after this many steps. */
  steps?: number;
  seed?: number | string;
  progress?: boolean | 'auto';
  label?: string;
  /** Measures on held-out data; at the end of each epoch. */
  validate?: (at: { step: number; epoch: number }) => MetricValues | Promise<MetricValues>;
}

/**
 * Repeats a step over a dataset.
 *
 * @throws CrossmodalError without `epochs` and `steps`, when the dataset is empty, when a metric is not finite.
 * @example
 * const history = await fit(step, data, { epochs: 3 });
 */
export async function fit<Batch>(step: Step<Batch>, data: Dataset<Batch>, options: FitOptions): Promise<History> {
  const { epochs = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY, validate } = options;
  if (!(epochs > 0 && steps > 0) || (epochs === Number.POSITIVE_INFINITY && steps === Number.POSITIVE_INFINITY)) {
    throw new CrossmodalError(
      `fit: give epochs or steps, positive numbers; got epochs ${options.epochs}, steps ${options.steps}`,
    );
  }
  const started = performance.now();
  const records: TrainRecord[] = [];
  const validations: TrainRecord[] = [];
  let count = 0;
  for (let epoch = 0; epoch < epochs && count < steps; epoch++) {
    const before = count;
    for await (const batch of data.iterate(epoch)) {
      const scalars = step.run(batch);
      const metrics: MetricValues = {};
      for (const [name, scalar] of Object.entries(scalars)) metrics[name] = (await scalar.data())[0] as number;
      tf.dispose(scalars);
      tf.dispose(batch as tf.TensorContainer);
      records.push({ step: ++count, epoch, metrics });
      const bad = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
      if (bad) throw new CrossmodalError(`fit: '${bad[0]}' is ${bad[1]} at step ${count}`);
      if (count >= steps) break;
    }
    if (count === before) throw new CrossmodalError(`fit: the dataset gave no batch in epoch ${epoch}`);
    if (validate) validations.push({ step: count, epoch, metrics: await validate({ step: count, epoch }) });
  }
  const seconds = (performance.now() - started) / 1000;
  return { records, validations, seconds, stepsPerSecond: count / seconds };
}
