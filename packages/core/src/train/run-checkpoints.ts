import {
  checkpointPath,
  checkpointSteps,
  newestCheckpoint,
  pruneCheckpoints,
  readCheckpoint,
  removeLeftovers,
  writeCheckpoint,
} from '../checkpoint/checkpoints.js';
import { assignStored } from '../checkpoint/variables.js';
import { CrossmodalError } from '../errors.js';
import { fromTensor } from '../safetensors/tensors.js';
import type { StoredTensor } from '../safetensors/values.js';
import type { Step } from '../step/step.js';
import { checkSameData, type DataFacts } from './data-facts.js';
import type { CheckpointOptions } from './fit-options.js';
import { afterwards, spoiltTensor } from './nan-guard.js';
import type { RunState } from './run-state.js';

/** Saves and restores one run. */
export class RunCheckpoints<Batch> {
  readonly options: CheckpointOptions;
  readonly #step: Step<Batch>;
  readonly #keep: number;
  /** The step of the newest checkpoint. */
  newest: number | undefined;

  constructor(step: Step<Batch>, options: string | CheckpointOptions) {
    this.options = typeof options === 'string' ? { folder: options } : options;
    const { keep = 3 } = this.options;
    if (!(keep >= 1)) throw new CrossmodalError(`fit: checkpoint.keep must be at least 1, got ${keep}`);
    this.#step = step;
    this.#keep = keep;
  }

  /** True when the end of an epoch or a step calls for a checkpoint. */
  due({ step, epoch, endOfEpoch }: { step: number; epoch: number; endOfEpoch: boolean }): boolean {
    const { everySteps, everyEpochs = 1 } = this.options;
    if (everySteps !== undefined && step % everySteps === 0) return true;
    return endOfEpoch && everyEpochs > 0 && (epoch + 1) % everyEpochs === 0;
  }

  /** Puts the newest checkpoint in place, where there is one. */
  async resume(seed: number | string | undefined, data: DataFacts): Promise<RunState | undefined> {
    const { folder, resume = true } = this.options;
    await removeLeftovers(folder);
    if (!resume) {
      const steps = await checkpointSteps(folder);
      if (steps.length === 0) return undefined;
      throw new CrossmodalError(`fit: ${folder} holds checkpoints up to step ${steps.at(-1)} and resume is false`, {
        remedy: 'choose another folder, remove them, or let the run go on from them',
      });
    }
    const { checkpoint, refused } = await newestCheckpoint<RunState>(folder);
    if (!checkpoint) return undefined;
    const { state, path } = checkpoint;
    if (state.seed !== undefined && seed !== undefined && state.seed !== seed) {
      throw new CrossmodalError(`fit: ${path} was made with seed ${state.seed}, this run has ${seed}`, {
        remedy: 'use the same seed, or another folder',
      });
    }
    checkSameData(path, state.data, data);
    this.#assign(path, checkpoint.tensors, state);
    this.newest = checkpoint.step;
    for (const error of refused) state.notes.push(error.message);
    return state;
  }

  /**
   * Saves the run as it stands; returns the path.
   * @throws CrossmodalError when something is not finite, and when the disk does not take it, with the last good checkpoint
   */
  async save(state: RunState): Promise<string> {
    const { folder } = this.options;
    const tensors = new Map<string, StoredTensor>();
    for (const [name, variable] of Object.entries(this.#step.namedState())) {
      tensors.set(name, await fromTensor(variable));
    }
    const spoilt = spoiltTensor(tensors);
    if (spoilt) {
      const message = `fit: '${spoilt}' is not finite after step ${state.step}, though the metrics were`;
      throw new CrossmodalError(`${message}; ${afterwards(await this.restoreNewest())}`, {
        remedy: 'lower the learning rate, or clip the gradients (transforms: [clipByNorm(1)])',
      });
    }
    const path = await writeCheckpoint(folder, state.step, tensors, state).catch((error: unknown) => {
      throw this.#notWritten(error);
    });
    this.newest = state.step;
    const spare = Object.values(state.watches).flatMap(({ best }) => (best ? [best.step] : []));
    await pruneCheckpoints(folder, this.#keep, spare);
    return path;
  }

  #notWritten(error: unknown): CrossmodalError {
    const { folder } = this.options;
    const last =
      this.newest === undefined
        ? 'there is no checkpoint before it'
        : `the last good checkpoint is ${checkpointPath(folder, this.newest)}`;
    return new CrossmodalError(`fit: ${(error as Error).message}; ${last}`, {
      remedy: 'free space (or lower checkpoint.keep) and call fit again in the same way: it goes on from there',
      cause: error,
    });
  }

  /** Puts the weights and counters of the newest checkpoint back; returns its path. */
  async restoreNewest(): Promise<string | undefined> {
    return this.newest === undefined ? undefined : this.restore(this.newest);
  }

  /** Puts the weights and counters of the checkpoint of a step back; returns its path. */
  async restore(step: number): Promise<string> {
    const { path, tensors, state } = await readCheckpoint<RunState>(this.options.folder, step);
    this.#assign(path, tensors, state);
    return path;
  }

  #assign(path: string, tensors: ReadonlyMap<string, StoredTensor>, { host }: RunState): void {
    assignStored(path, tensors, this.#step.namedState(), true);
    this.#step.restoreHostState?.(host);
  }
}
