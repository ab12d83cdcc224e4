import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { readSafetensors } from '../safetensors/files/read-safetensors.js';
import { writeSafetensors } from '../safetensors/files/write-safetensors.js';
import { toTensor } from '../safetensors/tensors.js';
import type { StoredTensor } from '../safetensors/values.js';
import type { NamedVariables } from '../variables.js';
import { checkpointFormat, checkpointTensorFile } from './checkpoints.js';

/** How stored tensors differ from the variables that should take them. */
export interface Mismatch {
  /** Variables without a stored tensor. */
  missing: string[];
  /** Stored tensors without a variable. */
  extra: string[];
  reshaped: { name: string; stored: readonly number[]; wanted: readonly number[] }[];
}

/**
 * Writes variables as a safetensors file, whole or not at all.
 *
 * @example
 * await saveVariables('model.safetensors', namedVariables(model));
 */
export async function saveVariables(
  path: string,
  variables: NamedVariables,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  assertKnownOptions('saveVariables', options, ['metadata']);
  await writeSafetensors(path, variables, options);
}

/**
 * Loads a safetensors file into variables, on whatever device they live; of a checkpoint (its folder, or the file in it) the
 * variables of the model. All names and shapes are compared before the first
 * variable is touched.
 *
 * @param options.strict with false, loads what fits and returns what did not
 * @throws CrossmodalError that lists the tensors that are missing, extra, or of another shape
 * @example
 * await loadVariables('model.safetensors', namedVariables(model));
 */
export async function loadVariables(
  path: string,
  variables: NamedVariables,
  {
    strict = true,
    ...others
  }: {
    /** @default true */
    strict?: boolean;
  } = {},
): Promise<Mismatch> {
  assertKnownOptions('loadVariables', others, ['strict']);
  const file = (await isFolder(path)) ? join(path, checkpointTensorFile) : path;
  const { tensors, metadata } = await readSafetensors(file);
  const stored = metadata.get('format') === checkpointFormat ? modelTensors(tensors) : tensors;
  return assignStored(path, stored, variables, strict);
}

/** Of the tensors of a checkpoint those of the model, by the model's names. */
export function modelTensors(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const prefix = 'model/';
  return new Map(
    [...tensors].flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [])),
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Compares, then assigns. */
export function assignStored(
  source: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  variables: NamedVariables,
  strict: boolean,
): Mismatch {
  const mismatch: Mismatch = {
    missing: Object.keys(variables).filter((name) => !tensors.has(name)),
    extra: [...tensors.keys()].filter((name) => !Object.hasOwn(variables, name)),
    reshaped: [],
  };
  const fitting: [tf.Variable, StoredTensor][] = [];
  for (const [name, variable] of Object.entries(variables)) {
    const stored = tensors.get(name);
    if (!stored) continue;
    if (tf.util.arraysEqual([...stored.shape], variable.shape)) fitting.push([variable, stored]);
    else mismatch.reshaped.push({ name, stored: stored.shape, wanted: variable.shape });
  }
  const count = mismatch.missing.length + mismatch.extra.length + mismatch.reshaped.length;
  if (strict && count > 0) {
    throw new CrossmodalError(`${source} does not fit this model: ${describeMismatch(mismatch)}`, {
      remedy: 'build the model as it was when the file was written',
    });
  }
  for (const [variable, stored] of fitting) {
    tf.tidy(() => {
      const tensor = toTensor(stored);
      variable.assign(tensor.dtype === variable.dtype ? tensor : tf.cast(tensor, variable.dtype));
    });
  }
  return mismatch;
}

/** The differences in words, the first few of each kind. */
export function describeMismatch({ missing, extra, reshaped }: Mismatch): string {
  const list = (words: string[]) =>
    words.slice(0, 8).join(', ') + (words.length > 8 ? ` and ${words.length - 8} more` : '');
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`missing in the file: ${list(missing)}`);
  if (extra.length > 0) parts.push(`in the file only: ${list(extra)}`);
  if (reshaped.length > 0) {
    const words = reshaped.map(({ name, stored, wanted }) => `${name} (file [${stored}], model [${wanted}])`);
    parts.push(`of other shape: ${list(words)}`);
  }
  return parts.join('; ');
}
