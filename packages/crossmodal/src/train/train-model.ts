import { type DualEncoder, dualEncoder } from '@crossmodal/alignment';
import { CrossmodalError, type Encoder } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import {
  average,
  clipByNorm,
  fit,
  type History,
  loadCheckpoint,
  type MetricValues,
  type TrainStep,
  trainStep,
} from '@crossmodal/core/train';
import * as tf from '@tensorflow/tfjs-core';
import type { Item } from '../data/item.js';
import type { Splits } from '../data/splits.js';
import { thinned } from '../data/thinned.js';
import type { Modality } from '../model/load-model.js';
import { type Batch, type MediaOf, trainingBatches } from './batches.js';
import { type Direction, evaluate, meanRecall } from './evaluate.js';

export interface TrainSettings {
  epochs: number;
  batchSize: number;
  learningRate: number;
  weightDecay: number;
  dimension: number;
  seed: number;
}

export interface TrainRun {
  encoders: Partial<Record<Modality, Encoder>>;
  /** Encoders that stay as they are; only their projections learn. */
  locked: readonly Modality[];
  /** Whether words are left out of the texts that are trained on, for a text encoder from scratch. */
  partialTexts: boolean;
  splits: Splits;
  mediaOf: MediaOf;
  settings: TrainSettings;
  /** Where checkpoints and the log go. */
  runFolder: string;
  signal?: AbortSignal;
  progress?: boolean;
  /** Told how long a step takes, before the first one; not when a run goes on. */
  onEstimate?: (secondsPerStep: number) => void;
}

export interface TrainResult {
  model: DualEncoder<Modality>;
  history: History;
  /** Of the best weights, on the validation split; empty when there is none. */
  validation: Direction[];
  test: Direction[];
}

/** Items that are validated on; more take long and say little more. */
const validationLimit = 1000;

/** Steps between two validations, at least. */
const leastSteps = 10;

/** Trains a dual encoder, with validation, the best weights kept, and checkpoints from which the same call goes on. */
export async function trainModel(run: TrainRun): Promise<TrainResult> {
  const { encoders, locked, splits, mediaOf, settings, runFolder, signal, progress = true } = run;
  const { epochs, batchSize, learningRate, weightDecay, dimension, seed } = settings;
  const model = dualEncoder({ encoders: encoders as Record<Modality, Encoder>, dimension, seed, locked });
  const data = trainingBatches(splits.train, { encoders, batchSize, seed, mediaOf, partialTexts: run.partialTexts });
  const stepsPerEpoch = data.batchesPerEpoch as number;
  if (!(stepsPerEpoch >= 1)) throw new CrossmodalError('train: there is not one batch of items');
  const steps = epochs * stepsPerEpoch;
  const step = trainStep<Batch>(model as never, {
    optimizer: adamW({
      learningRate: linearWarmup({
        steps: Math.max(1, Math.round(steps / 20)),
        to: cosine({ from: learningRate, steps }),
      }),
      weightDecay,
      groups: [{ match: 'logitScale', weightDecay: 0 }],
    }),
    transforms: [clipByNorm(1), average({ decay: 0.99, warmup: true })],
  });
  // A validation and a checkpoint per epoch, but not after every step where an epoch is one; at the end of a run that is shorter.
  const every = Math.min(steps, stepsPerEpoch * Math.ceil(leastSteps / stepsPerEpoch));
  const validated = thinned(splits.validation, validationLimit);
  const measure = (items: readonly Item[]) => evaluate(model, items, { mediaOf, batchSize });
  if (run.onEstimate) run.onEstimate(await secondsPerStep(step, data));
  const history = await fit(step, data, {
    epochs,
    seed,
    progress,
    label: 'train',
    checkpoint: {
      folder: runFolder,
      keep: 1,
      everySteps: every,
      everyEpochs: 0,
      ...(validated.length > 0 ? { best: { metric: 'recall', better: 'higher' as const } } : {}),
    },
    log: { jsonl: `${runFolder}/log.jsonl` },
    ...(validated.length > 0
      ? {
          validateEverySteps: every,
          validate: (): Promise<MetricValues> =>
            step.withAverages(async () => {
              const directions = await measure(validated);
              const named = directions.map(({ name, recall }) => [name, Object.values(recall).at(-1) ?? 0]);
              return { recall: meanRecall(directions), ...Object.fromEntries(named) };
            }),
        }
      : {}),
    ...(signal ? { signal } : {}),
  });
  if (history.stopped === 'aborted') return { model, history, validation: [], test: [] };
  await loadCheckpoint(runFolder, validated.length > 0 ? 'best' : 'newest', model, { averaged: true });
  const validation = splits.validation.length > 0 ? await measure(validated) : [];
  const test = splits.test.length > 0 ? await measure(splits.test) : [];
  step.dispose();
  return { model, history, validation, test };
}

/** Runs three steps and puts everything back as it was. The first compiles. */
async function secondsPerStep(
  step: TrainStep<Batch>,
  data: { iterate(epoch: number): AsyncIterable<Batch> },
): Promise<number> {
  const before = Object.values(step.namedState()).map((variable) => [variable, tf.keep(tf.clone(variable))] as const);
  const host = step.hostState();
  const times: number[] = [];
  for (let epoch = 0; times.length < 3; epoch++) {
    for await (const batch of data.iterate(epoch)) {
      const began = performance.now();
      const metrics = step.run(batch);
      await metrics['loss']?.data();
      tf.dispose([metrics, batch] as never);
      times.push((performance.now() - began) / 1000);
      if (times.length === 3) break;
    }
  }
  for (const [variable, copy] of before) {
    variable.assign(copy);
    copy.dispose();
  }
  step.restoreHostState(host);
  return times.at(-1) ?? 0;
}
