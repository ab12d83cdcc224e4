import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '../errors.js';
import { parseSafetensors } from '../safetensors/read.js';
import type { StoredTensor } from '../safetensors/values.js';
import { safetensorsPieces } from '../safetensors/write.js';
import { notWritten, syncFolder, temporaryName, temporaryPrefix, writePieces } from './atomic-write.js';

export const checkpointFormat = 'crossmodal-checkpoint';
const version = 1;
const stateFile = 'state.json';
export const checkpointTensorFile = 'state.safetensors';

/** What JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/** A checkpoint as read: tensors by name, and everything else. */
export interface Checkpoint<State = Json> {
  readonly step: number;
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly state: State;
}

function folderName(step: number): string {
  return `step-${String(step).padStart(9, '0')}`;
}

/** Where the checkpoint of a step lies in the folder of a run. */
export function checkpointPath(folder: string, step: number): string {
  return join(folder, folderName(step));
}

/**
 * The steps of the checkpoints of a folder, oldest first; none when there is no folder.
 *
 * @example
 * const steps = await checkpointSteps('runs/first'); // [500, 1000]
 */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CrossmodalError(`checkpointSteps: ${folder} cannot be read: ${error.message}`, { cause: error });
  });
  const steps = names.flatMap((name) => {
    const match = /^step-(\d{9,})$/.exec(name);
    return match ? [Number(match[1])] : [];
  });
  return steps.sort((a, b) => a - b);
}

/**
 * Writes a checkpoint: a folder `step-000000123` with `state.safetensors` and `state.json`. It is written under another name,
 * flushed, and renamed, so that a checkpoint that is there is whole.
 *
 * @returns its path
 * @throws CrossmodalError with the path and the reason when it cannot be written: a full disk, no permission
 * @example
 * const weights = new Map([['w', await fromTensor(tf.tensor1d([1, 2, 3]))]]);
 * await writeCheckpoint('runs/by-hand', 500, weights, { epoch: 2 }); // runs/by-hand/step-000000500
 */
export async function writeCheckpoint(
  folder: string,
  step: number,
  tensors: ReadonlyMap<string, StoredTensor>,
  state: unknown,
): Promise<string> {
  const path = checkpointPath(folder, step);
  const temporary = join(folder, temporaryName());
  try {
    await mkdir(temporary, { recursive: true });
    const pieces = safetensorsPieces(tensors, { metadata: { format: checkpointFormat, step: String(step) } });
    const hash = createHash('sha256');
    for (const piece of pieces) hash.update(piece);
    await writePieces(join(temporary, checkpointTensorFile), pieces);
    const json = JSON.stringify({ format: checkpointFormat, version, step, sha256: hash.digest('hex'), state });
    await writePieces(join(temporary, stateFile), [Buffer.from(json)]);
    await syncFolder(temporary);
    await replaceFolder(temporary, path);
  } catch (error) {
    // What was written of it must not fill the disk further; the first error is the one to tell of.
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw notWritten(`the checkpoint ${path}`, error);
  }
  await syncFolder(folder);
  return path;
}

/** Renames onto a name that may be taken by a checkpoint that could not be read. */
async function replaceFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    const aside = `${from}-old`;
    await rename(to, aside);
    await rename(from, to);
    await rm(aside, { recursive: true, force: true });
  }
}

/**
 * Reads a checkpoint and checks it in full: format, version, the safetensors file, and its SHA-256.
 *
 * @throws CrossmodalError with the path and the reason
 * @example
 * const { tensors, state } = await readCheckpoint('runs/first', 500);
 * const weight = toTensor(tensors.get('model/dense/kernel')!);
 */
export async function readCheckpoint<State = Json>(folder: string, step: number): Promise<Checkpoint<State>> {
  const path = checkpointPath(folder, step);
  const refuse = (reason: string, cause?: unknown) =>
    new CrossmodalError(`readCheckpoint: ${path} cannot be used: ${reason}`, {
      cause,
      remedy: 'remove it to go on from the one before',
    });
  const bytes = await readFile(join(path, checkpointTensorFile)).catch((error: Error) => {
    throw refuse(error.message, error);
  });
  const text = await readFile(join(path, stateFile), 'utf8').catch((error: Error) => {
    throw refuse(error.message, error);
  });
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw refuse(`${stateFile} is not JSON`, error);
  }
  if (header?.['format'] !== checkpointFormat) throw refuse(`${stateFile} is not of a checkpoint of this package`);
  if (header['version'] !== version)
    throw refuse(`it has version ${String(header['version'])}, this package reads ${version}`);
  if (header['step'] !== step) throw refuse(`${stateFile} says step ${String(header['step'])}`);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (header['sha256'] !== digest)
    throw refuse(`${checkpointTensorFile} is damaged: its SHA-256 is not the one in ${stateFile}`);
  const { tensors } = parseSafetensors(bytes, { source: join(path, checkpointTensorFile) });
  return { step, path, tensors, state: header['state'] as State };
}

/**
 * The newest checkpoint that can be read, and why newer ones cannot.
 *
 * @throws CrossmodalError when there are checkpoints and none can be read
 * @example
 * const { checkpoint, refused } = await newestCheckpoint('runs/first');
 * for (const error of refused) console.log(error.message);
 */
export async function newestCheckpoint<State = Json>(
  folder: string,
): Promise<{ checkpoint: Checkpoint<State> | undefined; refused: Error[] }> {
  const refused: Error[] = [];
  for (const step of (await checkpointSteps(folder)).reverse()) {
    try {
      return { checkpoint: await readCheckpoint<State>(folder, step), refused };
    } catch (error) {
      refused.push(error as Error);
    }
  }
  if (refused.length > 0) throw refused[0];
  return { checkpoint: undefined, refused };
}

/** Removes all but the newest `keep` checkpoints and those of the steps in `spare`. */
export async function pruneCheckpoints(folder: string, keep: number, spare: readonly number[]): Promise<void> {
  const steps = await checkpointSteps(folder);
  const old = steps.slice(0, Math.max(0, steps.length - keep)).filter((step) => !spare.includes(step));
  for (const step of old) {
    // Renamed first: a folder that is half removed must not look like a checkpoint.
    const aside = join(folder, temporaryName());
    await rename(join(folder, folderName(step)), aside);
    await rm(aside, { recursive: true, force: true });
  }
}

/** Removes what an interrupted run left half-written. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (name.startsWith(temporaryPrefix)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
