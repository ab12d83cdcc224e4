import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { cached } from '../../src/data/index.js';
import { CrossmodalError, memoryFile } from '../../src/index.js';
import { saveFolder } from '../../src/models/index.js';
import { writeAtomically, writeSafetensors } from '../../src/safetensors/files/index.js';
import { jsonlWriter, tensorBoardWriter, writeCheckpoint } from '../../src/train/index.js';

const disk = vi.hoisted(() => ({ error: undefined as NodeJS.ErrnoException | undefined }));
const refusing = vi.hoisted(
  () => (code: string, words: string) => Object.assign(new Error(`${code}: ${words}`), { code }),
);
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (path, flags, mode) => {
    const handle = await real.open(path, flags, mode);
    if (disk.error && flags === 'wx') handle.write = (() => Promise.reject(disk.error)) as never;
    return handle;
  };
  return { ...real, open };
});
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const writeSync = ((...given: Parameters<typeof real.writeSync>) => {
    if (disk.error) throw disk.error;
    return real.writeSync(...given);
  }) as typeof real.writeSync;
  return { ...real, writeSync };
});

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-refused-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
let folder: string;
beforeEach(() => {
  disk.error = undefined;
  folder = mkdtempSync(join(temporary, 'run-'));
});

const tensors = { w: { dtype: 'U8' as const, shape: [2], bytes: Uint8Array.of(1, 2) } };
const files = () => new Map([['config.json', memoryFile('{"new": true}', { label: 'config.json' })]]);
const decoder = {
  settings: { kind: 'test' },
  decode: async () => ({ data: new Uint8Array(4), shape: [4] }),
  close: async () => {},
};

/** What writes something at a path. */
const writers: Record<string, (path: string) => Promise<unknown>> = {
  writeAtomically: (path) => writeAtomically(path, 'text'),
  writeSafetensors: (path) => writeSafetensors(path, tensors),
  writeCheckpoint: (path) => writeCheckpoint(path, 3, new Map(Object.entries(tensors)), {}),
  saveFolder: (path) => saveFolder(path, files()),
  cached: (path) => cached(decoder, { folder: path }).decode(Uint8Array.of(1)),
  jsonlWriter: async (path) => {
    const log = jsonlWriter(path);
    try {
      log.write({ step: 1 });
    } finally {
      log.close();
    }
  },
  tensorBoardWriter: async (path) => tensorBoardWriter(path).close(),
};

describe.each(Object.entries(writers))('%s', (_, write) => {
  test('says which file a full disk does not take, and what to do, and leaves nothing behind', async () => {
    disk.error = refusing('ENOSPC', 'no space left on device, write');
    const error = await write(join(folder, 'target')).catch((thrown: unknown) => thrown);
    expect(CrossmodalError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(
      /target.* could not be written: the disk is full \(ENOSPC\); free space, or write to another disk$/,
    );
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('.writing-'))).toEqual([]);
  });

  test('says that a path leads through a file', async () => {
    writeFileSync(join(folder, 'file'), 'here');
    const error = await write(join(folder, 'file', 'target')).catch((thrown: unknown) => thrown);
    expect(CrossmodalError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(
      /file.*target.* could not be written: part of its path is a file, not a folder \((ENOTDIR|EEXIST)\); choose another folder$/,
    );
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('here');
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

test.each(['writeAtomically', 'writeSafetensors', 'jsonlWriter'])(
  '%s says that a folder has the name of its file',
  async (name) => {
    mkdirSync(join(folder, 'target', 'inside'), { recursive: true });
    await expect(writers[name]!(join(folder, 'target'))).rejects.toThrow(
      /target could not be written: there is a folder of that name \(EISDIR\); choose another folder$/,
    );
  },
);

test('a model that does not fit on the disk leaves the one before it', async () => {
  const before = new Map([['config.json', memoryFile('{"old": true}', { label: 'config.json' })]]);
  await saveFolder(join(folder, 'model'), before);
  disk.error = refusing('EDQUOT', 'disk quota exceeded, write');
  await expect(saveFolder(join(folder, 'model'), files())).rejects.toThrow('the quota of the disk is used up');
  expect(readdirSync(folder)).toEqual(['model']);
  expect(readFileSync(join(folder, 'model', 'config.json'), 'utf8')).toBe('{"old": true}');
});

test('a file may have as long a name as a name can be', async () => {
  const name = 'n'.repeat(255);
  await writeAtomically(join(folder, name), [Uint8Array.of(104), Uint8Array.of(105)]);
  expect(readFileSync(join(folder, name), 'utf8')).toBe('hi');
  await expect(writeAtomically(join(folder, `${name}n`), 'x')).rejects.toThrow('its name is too long (ENAMETOOLONG)');
});

test('pieces that cannot be made are no fault of the disk, and leave nothing', async () => {
  async function* pieces() {
    yield Uint8Array.of(1);
    throw new CrossmodalError('pieces: there are no more');
  }
  await expect(writeAtomically(join(folder, 'target'), pieces())).rejects.toThrow(/^pieces: there are no more$/);
  expect(readdirSync(folder)).toEqual([]);
});
