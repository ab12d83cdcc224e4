import { type Checkpoint, newestCheckpoint, readCheckpoint } from '../checkpoint/checkpoints.js';
import { assignStored, modelTensors } from '../checkpoint/variables.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { StoredTensor } from '../safetensors/values.js';
import type { NamedVariables } from '../variables.js';
import type { RunState } from './run-state.js';

export interface LoadCheckpointOptions {
  /** Takes the averaged weights (transform `average`) where the run kept some. */
  averaged?: boolean;
}

/** Which checkpoint was loaded. */
export interface LoadedCheckpoint {
  step: number;
  path: string;
  /** The best validation, where the run watched one. */
  best?: { step: number; value: number };
}

/**
 * Loads the weights of a run into a model, for evaluation, samples or export: of its newest checkpoint, or of the best
 * validation (a run with `checkpoint: { best }`, or with `earlyStopping: { restoreBest: true }`).
 *
 * @param run the folder that `fit` was given as `checkpoint`
 * @param model anything with `namedVariables()`, built as it was for the run
 * @throws CrossmodalError when there is no such checkpoint, and when it does not fit the model
 * @example
 * const { step } = await loadCheckpoint('runs/a', 'best', model);
 */
export async function loadCheckpoint(
  run: string,
  which: 'newest' | 'best',
  model: { namedVariables(): NamedVariables },
  options: LoadCheckpointOptions = {},
): Promise<LoadedCheckpoint> {
  assertKnownOptions('loadCheckpoint', options, { averaged: true } satisfies Record<keyof LoadCheckpointOptions, true>);
  const { averaged = false } = options;
  if (which !== 'newest' && which !== 'best') {
    throw new CrossmodalError(`loadCheckpoint: the second argument must be 'newest' or 'best', got '${String(which)}'`);
  }
  const { checkpoint: newest } = await newestCheckpoint<RunState>(run);
  if (!newest) throw new CrossmodalError(`loadCheckpoint: ${run} holds no checkpoint`);
  const best = (newest.state.watches['best'] ?? newest.state.watches['earlyStopping'])?.best;
  const checkpoint = which === 'best' ? await bestCheckpoint(run, newest, best) : newest;
  const weights = modelTensors(checkpoint.tensors);
  if (averaged) takeAverages(checkpoint, weights);
  assignStored(checkpoint.path, weights, model.namedVariables(), true);
  return { step: checkpoint.step, path: checkpoint.path, ...(best ? { best } : {}) };
}

async function bestCheckpoint(
  run: string,
  newest: Checkpoint<RunState>,
  best: { step: number } | undefined,
): Promise<Checkpoint<RunState>> {
  if (!best) {
    throw new CrossmodalError(`loadCheckpoint: ${run} knows no best validation up to step ${newest.step}`, {
      remedy: "train with fit({ validate, checkpoint: { folder, best: { metric } } }), or load 'newest'",
    });
  }
  return best.step === newest.step ? newest : readCheckpoint<RunState>(run, best.step);
}

/** Puts averages in the place of the weights that have one: `average/NAME`, or `OBJECTIVE/average/NAME`. */
function takeAverages({ tensors, path }: Checkpoint<RunState>, weights: Map<string, StoredTensor>): void {
  let count = 0;
  for (const [name, tensor] of tensors) {
    const weight = /^(?:[^/]+\/)?average(?:_\d+)?\/(.+)$/.exec(name)?.[1];
    if (weight === undefined || name.startsWith('model/') || !weights.has(weight)) continue;
    weights.set(weight, tensor);
    count++;
  }
  if (count > 0) return;
  throw new CrossmodalError(`loadCheckpoint: ${path} holds no averaged weights`, {
    remedy: 'train with transforms: [average({ decay })], or leave `averaged` out',
  });
}
