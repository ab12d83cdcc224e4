import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cached, type HostArray } from '../../src/data/index.js';
import { temporaryFolder } from './temporary.js';

const temporary = temporaryFolder();
let count = 0;

function counted(settings: unknown = { size: 2 }, options: { maximum?: number; folder?: string } = {}) {
  const folder = options.folder ?? join(temporary.path, `cache-${count++}`);
  let calls = 0;
  const decode = async (item: string | Uint8Array): Promise<HostArray> => {
    calls++;
    const bytes = typeof item === 'string' ? readFileSync(item) : item;
    return { data: Float32Array.from(bytes, (byte) => byte / 255), shape: [bytes.length, 1] };
  };
  const decoder = cached({ decode, settings, close: async () => {} }, { folder, ...options });
  const load = Object.assign((item: string | Uint8Array) => decoder.decode(item), { statistics: decoder.statistics });
  return { load, calls: () => calls, folder };
}

const entries = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((file) =>
    file.isFile() ? [join(file.parentPath, file.name)] : [],
  );

describe('cached', () => {
  it('decodes once per content, whatever the file is called', async () => {
    const { load, calls, folder } = counted();
    const path = temporary.write('one.png', 'abc');
    const first = await load(path);
    expect(await load(path)).toEqual(first);
    expect(await load(temporary.write('renamed.png', 'abc'))).toEqual(first);
    expect(await load(Buffer.from('abc'))).toEqual(first);
    expect(calls()).toBe(1);
    temporary.write('one.png', 'abd');
    expect(await load(path)).not.toEqual(first);
    expect(calls()).toBe(2);
    expect(load.statistics).toEqual({ hits: 3, misses: 2, damaged: 0 });
    expect(entries(folder).every((name) => name.endsWith('.npy'))).toBe(true);
  });

  it('other settings never meet; the order of their keys does not matter', async () => {
    const folder = join(temporary.path, 'shared');
    const item = Buffer.from('abc');
    for (const [settings, expected] of [
      [{ size: 2, mean: [0, 1] }, 1],
      [{ mean: [0, 1], size: 2, unused: undefined }, 0],
      [{ size: 3, mean: [0, 1] }, 1],
      [{ size: 2, mean: [1, 0] }, 1],
    ] as const) {
      const { load, calls } = counted(settings, { folder });
      await load(item);
      expect(calls()).toBe(expected);
    }
    expect(() => counted({ size: Number.NaN })).toThrow(/plain JSON, got NaN/);
    expect(() => counted({ crop: () => 1 })).toThrow(/plain JSON/);
  });

  it('a cut, damaged or empty entry is decoded and written again', async () => {
    const { load, calls, folder } = counted();
    const item = Buffer.from('some picture');
    const right = await load(item);
    const [entry] = entries(folder) as [string];
    const whole = readFileSync(entry);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 10] = (flipped[whole.length - 10] as number) ^ 1;
    let damaged = 0;
    for (const bytes of [whole.subarray(0, -5), flipped, Buffer.alloc(0), Buffer.from('abc')]) {
      writeFileSync(entry, bytes);
      expect(await load(item)).toEqual(right);
      expect(load.statistics.damaged).toBe(++damaged);
      expect(readFileSync(entry)).toEqual(whole);
    }
    expect(calls()).toBe(5);
  });

  it('adds nothing beyond its maximum', async () => {
    const { load, calls, folder } = counted({}, { maximum: 400 });
    for (let round = 0; round < 2; round++) for (let i = 0; i < 8; i++) await load(Buffer.from(`item ${i}`));
    const size = entries(folder).reduce((sum, entry) => sum + readFileSync(entry).length, 0);
    expect(size).toBeLessThanOrEqual(400);
    expect(entries(folder)).toHaveLength(2);
    expect(calls()).toBe(14);
  });

  it('many at once', async () => {
    const { load, folder } = counted();
    const items = Array.from({ length: 40 }, (_, i) => Buffer.from(`item ${i % 10}`));
    const arrays = await Promise.all(items.map((item) => load(item)));
    arrays.forEach((array, i) => {
      expect(array).toEqual(arrays[i % 10]);
    });
    expect(entries(folder)).toHaveLength(10);
  });

  it('passes on what decoding throws, and names files', async () => {
    const decode = () => Promise.reject(new Error('not an image'));
    const failing = cached({ decode, settings: {}, close: async () => {} }, { folder: join(temporary.path, 'f') });
    await expect(failing.decode(Buffer.from('x'))).rejects.toThrow('not an image');
    await expect(failing.decode('/does/not/exist.png')).rejects.toThrow(/exist\.png: does not exist; check the path/);
    const blocked = temporary.write('blocked', 'a file where a folder should be');
    const { load } = counted({}, { folder: blocked });
    await expect(load(Buffer.from('x'))).rejects.toThrow(/blocked/);
    rmSync(blocked);
  });
});
