import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { headerLength, parseHeader, type SafetensorsHeader, type TensorEntry } from '../safetensors/header.js';
import type { StoredTensor } from '../safetensors/values.js';
import { type ModelFile, type ModelFiles, readJson } from './model-files.js';
import { torchWeights } from './torch/torch-weights.js';
import type { StoredWeights } from './weight-reader.js';

/** An index of 100,000 tensors has about ten megabytes. */
const indexLimit = 32 * 2 ** 20;

/** Indices of weights in several files, and what opens one of these. */
const sharded: Readonly<Record<string, (file: ModelFile) => Promise<StoredWeights>>> = {
  'model.safetensors.index.json': (file) => openFile(file),
  'pytorch_model.bin.index.json': (file) => torchWeights(file),
};

/**
 * Opens the weights among a model's files: `model.safetensors`, or the shards that `model.safetensors.index.json` names, or a
 * checkpoint of PyTorch (or its shards), whose pickle is read by a reader that can build tensors only.
 * Headers are checked in full, tensors are read as they are asked for.
 *
 * @param options.where the function that messages begin with
 * @throws CrossmodalError when there are none, a shard is missing, a header is malformed, or index and shards disagree
 * @example
 * const weights = await openWeights(await openFolder('models/bert'), { where: 'example' });
 * const table = toTensor(await weights.read('embeddings.word_embeddings.weight'));
 */
export async function openWeights(files: ModelFiles, { where, ...others }: { where: string }): Promise<StoredWeights> {
  assertKnownOptions('openWeights', others, ['where']);
  const whole = files.get('model.safetensors');
  if (whole) return openFile(whole);
  for (const [name, open] of Object.entries(sharded)) {
    const index = await readJson(files, name, { limit: indexLimit });
    if (index !== undefined) return openShards(files, index, { label: files.get(name)!.label, open });
  }
  const usual = files.get('pytorch_model.bin');
  if (usual) return torchWeights(usual);
  const single = [...files.keys()].filter((name) => /^[^/]+\.safetensors$/.test(name) && !/adapter/.test(name));
  if (single.length === 1) return openFile(files.get(single[0]!)!);
  const pickled = [...files.keys()].filter((name) => /^[^/]+\.(bin|pth|pt)$/.test(name));
  if (pickled.length === 1) return torchWeights(files.get(pickled[0]!)!);
  const unreadable = [...files.keys()].filter((name) => /\.(bin|pth?|ckpt|h5|msgpack|onnx)$/.test(name));
  throw new CrossmodalError(
    `${where}: there is no model.safetensors and no model.safetensors.index.json among the files${unreadable.length > 0 ? `, only ${unreadable.slice(0, 4).join(', ')}` : ''}`,
    { remedy: 'save the model with safetensors' },
  );
}

async function headerOf(file: ModelFile): Promise<SafetensorsHeader> {
  const length = headerLength(await file.read(0, Math.min(8, file.size)), file.size, file.label);
  return parseHeader(await file.read(8, 8 + length), file.size - 8 - length, file.label);
}

function reader(file: ModelFile, { entries, dataStart }: SafetensorsHeader) {
  return async (name: string): Promise<StoredTensor> => {
    const { dtype, shape, begin, end } = entries.get(name)!;
    const bytes = await file.read(dataStart + begin, dataStart + end);
    if (bytes.length !== end - begin) {
      throw new CrossmodalError(`${file.label}: it ended while tensor '${name}' was read`);
    }
    return { dtype, shape, bytes };
  };
}

async function openFile(file: ModelFile): Promise<StoredWeights> {
  const header = await headerOf(file);
  const read = reader(file, header);
  return { label: file.label, entries: header.entries, read: (name) => read(known(file.label, header.entries, name)) };
}

async function openShards(
  files: ModelFiles,
  index: unknown,
  { label, open }: { label: string; open: (file: ModelFile) => Promise<StoredWeights> },
): Promise<StoredWeights> {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || !Object.values(map).every((name) => typeof name === 'string')) {
    throw new CrossmodalError(`${label}: it must hold a weight_map of tensors to files`);
  }
  const places = new Map(Object.entries(map as Record<string, string>));
  const shards = [...new Set(places.values())].sort();
  const missing = shards.filter((name) => !files.has(name));
  if (missing.length > 0) {
    throw new CrossmodalError(
      `${label}: ${missing.length} of the ${shards.length} files that it names are missing: ${missing.slice(0, 8).join(', ')}`,
      { remedy: 'copy all files of the model' },
    );
  }
  const entries = new Map<string, Pick<TensorEntry, 'dtype' | 'shape'>>();
  const parts = new Map<string, StoredWeights>();
  for (const shard of shards) {
    const part = await open(files.get(shard)!);
    parts.set(shard, part);
    for (const [name, entry] of part.entries) {
      if (places.get(name) !== shard) {
        throw new CrossmodalError(
          `${label}: tensor '${name}' lies in ${shard}, the index says ${places.get(name) ?? 'nothing of it'}`,
        );
      }
      entries.set(name, entry);
    }
  }
  const lost = [...places.keys()].filter((name) => !entries.has(name));
  if (lost.length > 0) {
    throw new CrossmodalError(
      `${label}: it names tensors that their files do not hold: ${lost.slice(0, 8).join(', ')}${lost.length > 8 ? ` and ${lost.length - 8} more` : ''}`,
    );
  }
  return { label, entries, read: (name) => parts.get(places.get(known(label, entries, name))!)!.read(name) };
}

function known(label: string, entries: ReadonlyMap<string, unknown>, name: string): string {
  if (!entries.has(name)) throw new CrossmodalError(`${label}: there is no tensor '${name}'`);
  return name;
}
