import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { FileCache } from '../src/data/cache.js';
import { temporaryFolder } from './fixture.js';

const content = (name: string) => Buffer.from(`content of ${name}`.repeat(20));

/** Opens the cache afresh and asks for three files; returns what had to be made and what was said. */
async function ensureThree(folder: string, key = 'v1') {
  const made: string[] = [];
  const notices: string[] = [];
  const cache = await FileCache.open(folder, key);
  const paths = await cache.ensure(
    ['a', 'sub/b', 'c'],
    async (missing, put) => {
      for (const name of missing) {
        made.push(name);
        await put(name, content(name));
      }
    },
    { notice: (line) => notices.push(line) },
  );
  for (const [index, name] of ['a', 'sub/b', 'c'].entries()) expect(readFileSync(paths[index]!)).toEqual(content(name));
  return { made, notices };
}

describe('FileCache', () => {
  test('makes files once', async () => {
    const folder = temporaryFolder();
    expect((await ensureThree(folder)).made).toEqual(['a', 'sub/b', 'c']);
    expect(await ensureThree(folder)).toEqual({ made: [], notices: [] });
    expect(readdirSync(folder).filter((name) => name.startsWith('.writing-'))).toEqual([]);
  });

  test('finds a file that was cut short, altered or removed, says so, and makes it again', async () => {
    const folder = temporaryFolder();
    await ensureThree(folder);
    truncateSync(join(folder, 'a'), 7);
    const altered = content('sub/b');
    altered[3]! ^= 1;
    writeFileSync(join(folder, 'sub/b'), altered);
    rmSync(join(folder, 'c'));
    const { made, notices } = await ensureThree(folder);
    expect(made).toEqual(['a', 'sub/b', 'c']);
    expect(notices).toEqual([`cache: 3 of 3 files in ${folder} were missing or cut short; made again`]);
    expect((await ensureThree(folder)).made).toEqual([]);
  });

  test('starts afresh when the manifest is cut short', async () => {
    const folder = temporaryFolder();
    await ensureThree(folder);
    truncateSync(join(folder, 'manifest.json'), 30);
    const { made, notices } = await ensureThree(folder);
    expect(made).toHaveLength(3);
    expect(notices[0]).toMatch(/manifest\.json is damaged; its files are made again/);
  });

  test('empties a folder that was made in another way', async () => {
    const folder = temporaryFolder();
    await ensureThree(folder, 'v1');
    expect((await ensureThree(folder, 'v2')).made).toHaveLength(3);
    expect((await ensureThree(folder, 'v2')).made).toHaveLength(0);
  });

  test('keeps what was made before a failure', async () => {
    const folder = temporaryFolder();
    const failing = (await FileCache.open(folder, 'v1')).ensure(['a', 'sub/b'], async (_, put) => {
      await put('a', content('a'));
      throw new Error('the power went');
    });
    await expect(failing).rejects.toThrow('the power went');
    expect((await ensureThree(folder)).made).toEqual(['sub/b', 'c']);
  });

  test('removes what runs that were killed left half written, not what may still be written', async () => {
    const folder = temporaryFolder();
    await ensureThree(folder);
    const [old, young] = ['0', '1'].map((digit) => join(folder, 'sub', `.writing-1-${digit.repeat(36)}`)) as [
      string,
      string,
    ];
    for (const file of [old, young]) writeFileSync(file, 'half');
    utimesSync(old, new Date(0), new Date(0));
    expect((await ensureThree(folder)).made).toEqual([]);
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  });

  test('refuses a folder that cannot be made, in one line with a remedy', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(FileCache.open(join(file, 'cache'), 'v1')).rejects.toThrow(/cannot be used .*--cache DIR$/);
  });
});

test('a process that is told to stop removes what it is writing, and ends', async () => {
  const folder = temporaryFolder();
  const module = new URL('../src/data/cache.ts', import.meta.url);
  const program = `import { FileCache } from '${module}';
    const cache = await FileCache.open(${JSON.stringify(folder)}, 'v1');
    await cache.ensure(['a', 'b'], async (missing, put) => {
      await put('a', new Uint8Array(10));
      setTimeout(() => process.kill(process.pid, 'SIGINT'), 1);
      for (;;) await put('b', new Uint8Array(5_000_000));
    });`;
  const child = spawnSync(
    process.execPath,
    ['--conditions=@crossmodal/source', '--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8' },
  );
  expect(child).toMatchObject({ signal: 'SIGINT', stderr: '' });
  expect(readdirSync(folder).filter((name) => name.startsWith('.writing-'))).toEqual([]);
  expect(readdirSync(folder)).toContain('a');
}, 60_000);
