import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError, isSavedModel, readConfig, readText } from '@crossmodal/core';
import { cachedModels, hubFolder, openFolder } from '@crossmodal/core/models';
import { type Context, grouped, report } from '../cli/context.js';

const typeOf = (config: Record<string, unknown>): string =>
  String(config['type'] ?? config['model_type'] ?? config['architecture'] ?? 'unknown');

/** What a folder holds. */
export async function modelInfoCommand(path: string, context: Context): Promise<void> {
  const files = await openFolder(path);
  const config = await readConfig(files, 'config.json', { where: `models: ${path}` });
  const bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const inner = [...files.keys()].filter((name) => name.endsWith('/config.json'));
  const parts = await Promise.all(
    inner.map(async (name) => {
      const own = await readConfig(files, name, { where: `models: ${path}` });
      return { folder: name.slice(0, -'/config.json'.length), type: typeOf(own), options: own['options'] };
    }),
  );
  const facts = {
    path,
    type: typeOf(config),
    ours: isSavedModel(config),
    options: config['options'],
    encoders: parts,
    files: files.size,
    bytes,
  };
  const card = (await readText(files, 'README.md')) ?? '';
  report(context, facts, () =>
    [
      `${path}: ${facts.type}, ${files.size} files, ${grouped(Math.ceil(bytes / 1024))} KB`,
      ...parts.map(({ folder, type }) => `  ${folder}: ${type}`),
      '',
      card.trim(),
    ].join('\n'),
  );
}

interface ListedModel {
  folder: string;
  type: string;
  /** Of the hub. */
  name?: string;
  commit?: string;
}

/** Levels of folders that are looked through. */
const depth = 3;

/** The models below a folder, and those that were fetched. */
export async function modelListCommand(root: string | undefined, context: Context): Promise<void> {
  const models: ListedModel[] = [];
  const look = async (folder: string, level: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
      if (level > 0 || (root === undefined && cause.code === 'ENOENT')) return [];
      throw new CrossmodalError(
        `models: ${folder} ${cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`}`,
        { cause },
      );
    });
    if (entries.some((entry) => entry.name === 'config.json' && entry.isFile())) {
      models.push({ folder, type: await readType(folder) });
      return; // the encoders inside are parts of it
    }
    if (level >= depth) return;
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory() && !entry.name.startsWith('.')) await look(join(folder, entry.name), level + 1);
    }
  };
  await look(root ?? 'models', 0);
  for (const { name, commit, folder } of await cachedModels())
    models.push({ folder, type: await readType(folder), name, commit });
  report(context, { models }, () =>
    models.length === 0
      ? `there are none in ${root ?? 'models'}, and none was fetched`
      : models.map(({ folder, type, name }) => `${type.padEnd(20)}  ${folder}${name ? `  (${name})` : ''}`).join('\n'),
  );
}

async function readType(folder: string): Promise<string> {
  try {
    return typeOf(await readConfig(await openFolder(folder), 'config.json', { where: 'models' }));
  } catch (error) {
    return `unreadable: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Fetches a model of the hub, and says where it lies. */
export async function modelFetchCommand(
  name: string,
  { revision }: { revision: string },
  context: Context,
): Promise<void> {
  let bar: ReturnType<typeof context.terminal.bar> | undefined;
  let file = '';
  try {
    const folder = await hubFolder(name, {
      revision,
      progress({ path, received, size }) {
        if (path !== file) {
          bar?.stop();
          bar = context.terminal.bar(path, size);
          file = path;
        }
        bar?.update(received);
      },
    });
    report(context, { name, revision, folder, type: await readType(folder) }, () => folder);
  } finally {
    bar?.stop();
  }
}
