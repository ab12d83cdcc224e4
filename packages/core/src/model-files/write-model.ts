import type { Variable } from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { headerLength, parseHeader } from '../safetensors/header.js';
import { fromTensor } from '../safetensors/tensors.js';
import type { StoredTensor } from '../safetensors/values.js';
import { safetensorsPieces } from '../safetensors/write.js';
import { jsonText } from './json-floats.js';
import { type ModelCard, type ModelFile, type ModelFiles, memoryFile } from './model-files.js';
import { modelReadme } from './model-readme.js';
import { inverse, permuted } from './permuted.js';
import type { WeightSpecs } from './weight-plan.js';

/**
 * Variables as the bytes of a safetensors file, in the layout of `specs`.
 *
 * @param variables by name
 * @param options.specs which variables were turned around when they were loaded, and how
 * @param options.carried more tensors, as stored
 */
export async function weightsFile(
  variables: Iterable<readonly [string, Variable]>,
  {
    specs = {},
    carried = new Map(),
    label = 'model.safetensors',
    ...others
  }: {
    /** @default {} */
    specs?: WeightSpecs;
    /** @default new Map() */
    carried?: ReadonlyMap<string, StoredTensor>;
    /** @default 'model.safetensors' */
    label?: string;
  } = {},
): Promise<ModelFile> {
  assertKnownOptions('weightsFile', others, ['specs', 'carried', 'label']);
  const tensors = new Map<string, StoredTensor>(carried);
  for (const [name, variable] of variables) {
    const stored = await fromTensor(variable);
    const permutation = Object.hasOwn(specs, name) ? specs[name]!.permutation : undefined;
    tensors.set(name, permutation ? turnedBack(stored, permutation) : stored);
  }
  return memoryFile(safetensorsPieces(tensors, { metadata: { format: 'pt' } }), { label });
}

function turnedBack({ dtype, shape, bytes }: StoredTensor, permutation: readonly number[]): StoredTensor {
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const moved = permuted(values, shape, inverse(permutation));
  return { dtype, shape: moved.shape, bytes: new Uint8Array(moved.values.buffer) };
}

/** Numbers in the weights of the models that this one is made of, which lie in folders below. */
async function parametersOfParts(files: ModelFiles): Promise<number> {
  let count = 0;
  for (const [name, file] of files) {
    if (!name.endsWith('/model.safetensors')) continue;
    const length = headerLength(await file.read(0, 8), file.size, file.label);
    const { entries } = parseHeader(await file.read(8, 8 + length), file.size - 8 - length, file.label);
    for (const { shape } of entries.values()) count += shape.reduce((size, side) => size * side, 1);
  }
  return count;
}

/**
 * The files of a model: `config.json`, `model.safetensors`, `README.md`, and what else it needs to be made again.
 *
 * @param options.config as JSON can hold it
 * @param options.others more files by name, such as those of a tokeniser; a README.md among them is kept below the new one
 * @example
 * const files = await modelFiles({ config: { type: 'pair' }, variables: Object.entries(model.namedVariables()) });
 * await saveFolder('models/pair', files);
 */
export async function modelFiles({
  config,
  variables,
  specs = {},
  others = new Map(),
  carried = new Map(),
  floats = new Set(),
  card = {},
  ...unknown
}: {
  config: Readonly<Record<string, unknown>>;
  variables: Iterable<readonly [string, Variable]>;
  /** @default {} */
  specs?: WeightSpecs;
  /** @default new Map() */
  others?: ModelFiles;
  /** @default new Map() */
  carried?: ReadonlyMap<string, StoredTensor>;
  /**
   * Keys of the config whose whole numbers are written as floats: `floatKeys` of the file that it came from.
   * @default new Set()
   */
  floats?: ReadonlySet<string>;
  /** @default {} */
  card?: ModelCard;
}): Promise<ModelFiles> {
  assertKnownOptions('modelFiles', unknown, ['config', 'variables', 'specs', 'others', 'carried', 'floats', 'card']);
  const list = [...variables];
  const own = list.reduce((sum, [, variable]) => sum + variable.size, 0);
  const parameters = own + (await parametersOfParts(others));
  const original = others.get('README.md');
  const before = original ? new TextDecoder().decode(await original.read()) : undefined;
  const readme = modelReadme({ config, parameters, card, before });
  return new Map([
    ...others,
    ['config.json', memoryFile(`${jsonText(config, floats)}\n`, { label: 'config.json' })],
    ['model.safetensors', await weightsFile(list, { specs, carried })],
    ['README.md', memoryFile(readme, { label: 'README.md' })],
  ]);
}
