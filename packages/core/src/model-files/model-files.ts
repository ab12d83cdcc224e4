import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';

/** One file of a model. Nothing is read until it is asked for. */
export interface ModelFile {
  /** How messages call it: a path, an address, or the bare name. */
  readonly label: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes from `begin` up to, not including, `end`; all of them without. */
  read(begin?: number, end?: number): Promise<Uint8Array>;
}

/**
 * The files of a model by name, with forward slashes (`config.json`, `1_Pooling/config.json`): what a folder, a server or
 * memory holds. Models give and take these; only `@crossmodal/core/models` touches folders.
 */
export type ModelFiles = ReadonlyMap<string, ModelFile>;

/** What can be written as the files of a model, for `saveFolder` of `@crossmodal/core/models`. */
export interface Savable {
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
}

/** What is known of a model; goes into the README.md of its folder. Everything else there is filled in. */
export interface ModelCard {
  title?: string;
  description?: string;
  /** What it was trained on. */
  data?: string;
  /** Names and values, as measured. */
  metrics?: Readonly<Record<string, number | string>>;
  license?: string;
}

/**
 * A file in memory.
 *
 * @param content bytes, pieces of them, or a text (UTF-8)
 * @example
 * const files = new Map([['config.json', memoryFile('{"model_type": "bert"}', { label: 'config.json' })]]);
 */
export function memoryFile(
  content: string | Uint8Array | readonly Uint8Array[],
  { label, ...others }: { label: string },
): ModelFile {
  assertKnownOptions('memoryFile', others, ['label']);
  const pieces =
    typeof content === 'string'
      ? [new TextEncoder().encode(content)]
      : content instanceof Uint8Array
        ? [content]
        : content;
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return {
    label,
    size,
    async read(begin = 0, end = size) {
      let at = 0;
      const parts: Uint8Array[] = [];
      for (const piece of pieces) {
        const [from, to] = [Math.max(0, begin - at), Math.min(piece.length, end - at)];
        if (to > from) parts.push(piece.subarray(from, to));
        at += piece.length;
      }
      if (parts.length === 1) return parts[0]!;
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - begin));
      let offset = 0;
      for (const part of parts) {
        bytes.set(part, offset);
        offset += part.length;
      }
      return bytes;
    },
  };
}

/** Files that are read whole are bounded by this unless more is asked for: a tokenizer.json of 250,000 tokens has 20 MB. */
const wholeFileLimit = 128 * 2 ** 20;

/**
 * The text of a file, or undefined when there is none of that name.
 *
 * @throws CrossmodalError when it is larger than `limit` bytes, or not UTF-8
 */
export async function readText(
  files: ModelFiles,
  name: string,
  {
    limit = wholeFileLimit,
    ...others
  }: {
    /** @default wholeFileLimit */
    limit?: number;
  } = {},
): Promise<string | undefined> {
  assertKnownOptions('readText', others, ['limit']);
  const file = files.get(name);
  if (!file) return undefined;
  if (file.size > limit) {
    throw new CrossmodalError(`${file.label}: it has ${file.size} bytes, more than the ${limit} that are read`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.read());
  } catch (cause) {
    if (CrossmodalError.isInstance(cause)) throw cause;
    throw new CrossmodalError(`${file.label}: it is not a text in UTF-8`, { cause });
  }
}

/**
 * The parsed contents of a JSON file, or undefined when there is none of that name.
 *
 * @throws CrossmodalError naming the file when it is too large, empty, or not JSON
 * @example
 * const pooling = await readJson(files, '1_Pooling/config.json');
 */
export async function readJson(files: ModelFiles, name: string, options: { limit?: number } = {}): Promise<unknown> {
  assertKnownOptions('readJson', options, ['limit']);
  const text = await readText(files, name, options);
  if (text === undefined) return undefined;
  const label = files.get(name)!.label;
  if (text.trim() === '') throw new CrossmodalError(`${label}: it is empty`, { remedy: 'copy the file again' });
  if (text.startsWith('version https://git-lfs')) {
    throw new CrossmodalError(`${label}: it is a pointer of Git LFS, not the file`, { remedy: 'run git lfs pull' });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CrossmodalError(`${label}: it is not JSON: ${(cause as Error).message}`, {
      remedy: 'it may be cut short: copy it again',
      cause,
    });
  }
}

/**
 * `readJson` of a file that must be there and hold an object.
 *
 * @throws CrossmodalError as `readJson`, and when it is missing or holds something else
 */
export async function readConfig(
  files: ModelFiles,
  name: string,
  { where, ...options }: { where: string; limit?: number },
): Promise<Record<string, unknown>> {
  assertKnownOptions('readConfig', options, ['where', 'limit']);
  if (typeof (files as Partial<ModelFiles>)?.get !== 'function') {
    const what = typeof files === 'string' ? `the path ${JSON.stringify(files)}` : String(files);
    throw new CrossmodalError(`${where}: files must be a map of names to files, got ${what}`, {
      remedy: 'pass await openFolder(path) of @crossmodal/core/models',
    });
  }
  const value = await readJson(files, name, options);
  if (value === undefined) {
    const names = [...files.keys()];
    const list = names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
    throw new CrossmodalError(`${where}: there is no ${name} among the files: ${list || 'none'}`, {
      remedy: 'give the folder of a model',
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CrossmodalError(`${files.get(name)!.label}: it must hold an object`);
  }
  return value as Record<string, unknown>;
}

/**
 * The files in a subfolder, under their names there.
 *
 * @param folder with forward slashes; '' gives all files
 */
export function subfolder(files: ModelFiles, folder: string): ModelFiles {
  if (folder === '') return files;
  const prefix = `${folder}/`;
  return new Map(
    [...files].filter(([name]) => name.startsWith(prefix)).map(([name, file]) => [name.slice(prefix.length), file]),
  );
}
