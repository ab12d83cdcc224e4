import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { wholeFolder } from '../src/data/whole-folder.js';
import { run } from './command.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();

it('a folder is there whole', async () => {
  const path = join(root, 'below/made');
  const made = await wholeFolder('test', path, async (folder) => {
    writeFileSync(join(folder, 'a'), 'b');
    expect(existsSync(path)).toBe(false);
    return 7;
  });
  expect(made).toBe(7);
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('b');
  expect(readdirSync(join(root, 'below'))).toEqual(['made']);
});

it('or not at all', async () => {
  const failing = wholeFolder('test', join(root, 'failed'), async (folder) => {
    writeFileSync(join(folder, 'a'), 'b');
    throw new Error('stopped');
  });
  await expect(failing).rejects.toThrow('stopped');
  writeFileSync(join(root, 'file'), 'mine');
  await expect(wholeFolder('test', join(root, 'file'), async () => 1)).rejects.toThrow('test: ');
  expect(readFileSync(join(root, 'file'), 'utf8')).toBe('mine');
  expect(readdirSync(root).sort()).toEqual(['below', 'file']);
});

it('so that a sample that Ctrl-C stopped can be written by the same command', async () => {
  const path = join(root, 'emojis');
  const stopped = new AbortController();
  const running = run(['sample', path, '--limit', '200'], { signal: stopped.signal });
  setTimeout(() => stopped.abort(), 50);
  expect((await running).code).toBe(130);
  expect(existsSync(path)).toBe(false);
  expect((await run(['sample', path, '--limit', '3'])).code).toBe(0);
  expect(readdirSync(join(path, 'pictures'))).toHaveLength(3);
});
