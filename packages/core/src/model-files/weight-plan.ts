import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { toTensor } from '../safetensors/tensors.js';
import { decodeValues, type StoredTensor } from '../safetensors/values.js';
import { disposeVariables, type NamedVariables } from '../variables.js';
import { permuted } from './permuted.js';
import type { StoredWeights } from './weight-reader.js';

/** A weight that a model wants. */
export interface WeightSpec {
  /** As stored. */
  readonly shape: readonly number[];
  /** Order of the stored axes in the variable; as stored unless given. `[2, 3, 1, 0]` makes torch's convolutions ours. */
  readonly permutation?: readonly number[];
  /** False for statistics; true unless given. */
  readonly trainable?: boolean;
  /** It may be missing. */
  readonly optional?: boolean;
  /** Names that older files have for it. */
  readonly aliases?: readonly string[];
}

export type WeightSpecs = Readonly<Record<string, WeightSpec>>;

/** What was loaded: variables by the names of `specs`. */
export interface LoadedWeights {
  readonly variables: ReadonlyMap<string, Variable>;
  /** Tensors of the file that the model has no use for. */
  readonly unused: readonly string[];
}

/**
 * Compares a model's weights with those of its files, all names and shapes before the first is read, then makes the variables
 * one after the other, so that besides them only one stored tensor is in memory.
 *
 * @param specs what the model wants, by name
 * @param options.where what messages begin with
 * @param options.ignored names in the file that may be left over without a word: heads of other tasks, buffers
 * @throws CrossmodalError that lists the tensors that are missing, extra, or of another shape
 */
export async function loadWeights(
  weights: StoredWeights,
  specs: WeightSpecs,
  {
    where,
    ignored = [],
    allowExtra = false,
    ...others
  }: {
    where: string;
    /** @default [] */
    ignored?: readonly RegExp[];
    /** @default false */
    allowExtra?: boolean;
  },
): Promise<LoadedWeights> {
  assertKnownOptions('loadWeights', others, ['where', 'ignored', 'allowExtra']);
  const plan = planOf(weights, specs, { where, ignored, allowExtra });
  const order = [...plan.stored].sort(([, a], [, b]) => plan.position.get(a)! - plan.position.get(b)!);
  const variables = new Map<string, Variable>();
  try {
    for (const [name, storedName] of order) {
      variables.set(name, variableFrom(await weights.read(storedName), specs[name]!));
    }
  } catch (error) {
    disposeVariables([...variables.values()]);
    throw error;
  }
  // In the order of the model, whatever that of the file.
  const ordered = Object.keys(specs).flatMap((name) =>
    variables.has(name) ? [[name, variables.get(name)!] as const] : [],
  );
  return { variables: new Map(ordered), unused: plan.unused };
}

/**
 * Puts the tensors of a model's files into variables that are there, all names and shapes compared before the first is touched.
 *
 * @throws CrossmodalError that lists the tensors that are missing, extra, or of another shape
 */
export async function assignWeights(
  weights: StoredWeights,
  variables: NamedVariables,
  { where, ...others }: { where: string },
): Promise<void> {
  assertKnownOptions('assignWeights', others, ['where']);
  const specs = Object.fromEntries(Object.entries(variables).map(([name, { shape }]) => [name, { shape }]));
  const plan = planOf(weights, specs, { where, ignored: [], allowExtra: false, extraRemedy: 'copy the folder again' });
  const order = [...plan.stored].sort(([, a], [, b]) => plan.position.get(a)! - plan.position.get(b)!);
  for (const [name, storedName] of order) {
    const stored = await weights.read(storedName);
    const variable = variables[name]!;
    tf.tidy(() => variable.assign(tf.cast(toTensor(stored), variable.dtype)));
  }
}

function variableFrom(stored: StoredTensor, { permutation, trainable = true }: WeightSpec): Variable {
  return tf.tidy(() => {
    if (!permutation) return tf.variable(tf.cast(toTensor(stored), 'float32'), trainable);
    const values = Float32Array.from(decodeValues(stored) as Float32Array);
    const moved = permuted(values, stored.shape, permutation);
    return tf.variable(tf.tensor(moved.values, moved.shape), trainable);
  });
}

interface Plan {
  /** Names of the model to names in the file. */
  stored: Map<string, string>;
  position: Map<string, number>;
  unused: string[];
}

function planOf(
  { entries, label }: StoredWeights,
  specs: WeightSpecs,
  {
    where,
    ignored,
    allowExtra,
    extraRemedy = 'if they are of no use to this model, pass { allowExtra: true }',
  }: { where: string; ignored: readonly RegExp[]; allowExtra: boolean; extraRemedy?: string },
): Plan {
  const stored = new Map<string, string>();
  const missing: string[] = [];
  const reshaped: string[] = [];
  for (const [name, { shape, optional, aliases = [] }] of Object.entries(specs)) {
    const place = [name, ...aliases].find((candidate) => entries.has(candidate));
    if (place === undefined) {
      if (!optional) missing.push(name);
      continue;
    }
    const { dtype, shape: found } = entries.get(place)!;
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      reshaped.push(`${place} (file [${found}], model [${shape}])`);
    } else if (!/^(F|BF|I|U)\d/.test(dtype)) {
      reshaped.push(`${place} (type ${dtype}, numbers are wanted)`);
    }
    stored.set(name, place);
  }
  const used = new Set(stored.values());
  const unused = [...entries.keys()].filter((name) => !used.has(name));
  const extra = allowExtra ? [] : unused.filter((name) => !ignored.some((pattern) => pattern.test(name)));
  if (missing.length + extra.length + reshaped.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`missing in the file: ${listed(missing)}`] : []),
      ...(extra.length > 0 ? [`in the file only: ${listed(extra)}`] : []),
      ...(reshaped.length > 0 ? [`of other shape: ${listed(reshaped)}`] : []),
    ];
    const onlyExtra = missing.length + reshaped.length === 0;
    throw new CrossmodalError(`${where}: ${label} does not fit its config.json: ${parts.join('; ')}`, {
      remedy: onlyExtra ? extraRemedy : 'check that config.json and weights are of the same model',
    });
  }
  return { stored, position: new Map([...entries.keys()].map((name, i) => [name, i])), unused };
}

function listed(words: readonly string[]): string {
  return words.slice(0, 8).join(', ') + (words.length > 8 ? ` and ${words.length - 8} more` : '');
}
