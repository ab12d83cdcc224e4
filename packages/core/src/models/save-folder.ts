import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { notWritten, syncFolder, temporaryName } from '../checkpoint/atomic-write.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { ModelCard, ModelFile, ModelFiles, Savable } from '../model-files/model-files.js';

/** Bytes that are in memory at a time while a file is copied. */
const chunk = 64 * 2 ** 20;

/**
 * Writes a model as a folder, whole or not at all: under another name beside it, flushed, and renamed. A folder that holds a
 * `config.json` is taken for an earlier model and replaced as a whole.
 *
 * @param model what can give its files, or files
 * @param options.card what is known of the model, for its README.md; with a model only
 * @throws CrossmodalError when the folder holds something that is not a model, or a name leads out of it, or the
 *   disk is full or may not be written; an earlier model is still there then
 * @example
 * await saveFolder('models/mine', encoder, { card: { data: 'UCM captions', metrics: { 'recall@1': 0.41 } } });
 */
export async function saveFolder(
  path: string,
  model: ModelFiles | Savable,
  { card, ...others }: { card?: ModelCard } = {},
): Promise<void> {
  assertKnownOptions('saveFolder', others, ['card']);
  const files = 'files' in model ? await model.files(card ? { card } : {}) : model;
  for (const name of files.keys()) checkName(name);
  const target = resolve(path);
  await checkTarget(path, target);
  const temporary = join(dirname(target), temporaryName());
  try {
    await mkdir(temporary, { recursive: true });
    for (const [name, file] of files) await copy(file, join(temporary, name));
    await syncFolder(temporary);
    await replace(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {}); // the first failure is what counts
    throw isSystemError(error) ? notWritten(`saveFolder: ${path}`, error) : error;
  }
  await syncFolder(dirname(target));
}

/** Whether the disk refused something, and not a file of the model to be read. */
function isSystemError(error: unknown): boolean {
  return typeof (error as { code?: unknown } | null)?.code === 'string' && !CrossmodalError.isInstance(error);
}

function checkName(name: string): void {
  const parts = name.split('/');
  if (
    name === '' ||
    name.includes('\\') ||
    name.includes('\0') ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new CrossmodalError(`saveFolder: a file must have a plain relative name, got ${JSON.stringify(name)}`);
  }
}

async function checkTarget(path: string, target: string): Promise<void> {
  const kind = await stat(target).catch(() => undefined);
  if (!kind) return;
  const names = kind.isDirectory() ? await readdir(target) : undefined;
  const isModel = ['config.json', 'adapter_config.json'].some((name) => names?.includes(name));
  if (names && (names.length === 0 || isModel)) return;
  const what = names ? `holds ${names.length} files and no config.json` : 'is a file';
  throw new CrossmodalError(`saveFolder: ${path} ${what}: it is not a model that could be replaced`, {
    remedy: 'give a new or empty folder',
  });
}

async function copy(file: ModelFile, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const handle = await open(to, 'wx');
  try {
    for (let at = 0; at < file.size; at += chunk) {
      const bytes = await file.read(at, Math.min(file.size, at + chunk));
      for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Renames onto a name that may be taken. */
async function replace(from: string, to: string): Promise<void> {
  const aside = `${from}-old`;
  const old = await rename(to, aside).then(
    () => true,
    () => false,
  );
  try {
    await rename(from, to);
  } catch (error) {
    if (old) await rename(aside, to);
    throw error;
  }
  if (old) await rm(aside, { recursive: true, force: true });
}
