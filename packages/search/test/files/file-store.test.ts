import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { memoryStore, openFileStore, saveStore, type VectorStore } from '../../src/index.js';
import { temporaryFolder } from '../temporary.js';
import { idsOf, itemsOf, randomVectors } from '../vectors.js';

const root = temporaryFolder();
let count = 0;
const newFolder = () => join(root, String(++count));
const open: VectorStore[] = [];
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
});
async function openStore(folder: string, options: Parameters<typeof openFileStore>[1] = {}): Promise<VectorStore> {
  const store = await openFileStore(folder, options);
  open.push(store);
  return store;
}
const file = (folder: string) => join(folder, readdirSync(folder).find((name) => name.endsWith('.cmv'))!);

/** A store that was written to three times: 10 items each. */
async function threeWrites(): Promise<{ folder: string; bytes: Buffer; ends: number[] }> {
  const folder = newFolder();
  const store = await openFileStore(folder, { dimension: 6 });
  const ends: number[] = [];
  for (let write = 0; write < 3; write++) {
    await store.upsert(itemsOf(randomVectors(10, 6, write), `write ${write}`));
    ends.push(readFileSync(file(folder)).length);
  }
  await store.close();
  return { folder, bytes: readFileSync(file(folder)), ends };
}

describe('a store in a folder', () => {
  test('is whole, or as it was one write before, wherever the file was cut', async () => {
    const { folder, bytes, ends } = await threeWrites();
    const path = file(folder);
    for (let cut = ends[0]!; cut <= bytes.length; cut += cut > ends[2]! - 40 ? 1 : 7) {
      writeFileSync(path, bytes.subarray(0, cut));
      const store = await openFileStore(folder);
      expect(await store.count(), `cut at ${cut}`).toBe(10 * ends.filter((end) => end <= cut).length);
      await store.upsert([{ id: 'after', vector: [1, 2, 3, 4, 5, 6] }]);
      await store.close();
      const again = await openFileStore(folder);
      expect((await again.get(['after']))[0]?.id).toBe('after');
      await again.close();
    }
  });

  test('takes zeros at its end for a write that never reached the disk', async () => {
    const { folder, bytes, ends } = await threeWrites();
    writeFileSync(file(folder), Buffer.concat([bytes.subarray(0, ends[1]), Buffer.alloc(5000)]));
    expect(await (await openStore(folder)).count()).toBe(20);
  });

  test('is refused when it is damaged in the middle: what follows was committed', async () => {
    const { folder, bytes, ends } = await threeWrites();
    for (const at of [ends[0]! + 3, ends[0]! + 20, ends[0]! + 40, ends[1]! - 5]) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x10;
      writeFileSync(file(folder), damaged);
      await expect(openFileStore(folder), `byte ${at}`).rejects.toThrow(
        new RegExp(`is damaged at byte ${ends[0]} of ${bytes.length}; restore a copy; .truncate -s ${ends[0]}. keeps`),
      );
      expect(readFileSync(file(folder))).toEqual(damaged);
    }
    writeFileSync(file(folder), bytes);
    truncateSync(file(folder), ends[0]!);
    expect(await (await openStore(folder)).count()).toBe(10);
  });

  test('is refused when its file is another one', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, 'vectors-000001.cmv'), 'something else, of more than thirty-two bytes');
    await expect(openFileStore(folder)).rejects.toThrow(/is damaged at byte 0/);
    await expect(openFileStore(newFolder())).rejects.toThrow(/there is no store in .*; pass dimension to make one/);
    await expect(openFileStore(newFolder(), { dimension: 2, readonly: true } as never)).rejects.toThrow(
      /did you mean 'readOnly'/,
    );
  });

  test('takes a large call whole or not at all, over several records', async () => {
    const folder = newFolder();
    const dimension = 4096; // 1,024 rows per record
    const items = Array.from({ length: 2500 }, (_, i) => ({
      id: String(i),
      vector: new Float32Array(dimension).fill(i + 1),
    }));
    const store = await openFileStore(folder, { dimension });
    await store.upsert([items[0]!]);
    const before = readFileSync(file(folder)).length;
    await store.upsert(items);
    await store.close();
    const path = file(folder);
    const copy = join(root, 'copy.cmv');
    copyFileSync(path, copy);
    truncateSync(path, before + 20_000_000);
    const cut = await openStore(folder);
    expect(await cut.count()).toBe(1);
    expect(readFileSync(path).length).toBe(before);
    await cut.close();
    copyFileSync(copy, path);
    const whole = await openStore(folder);
    expect(await whole.count()).toBe(2500);
    expect((await whole.get(['2499']))[0]!.vector).toEqual(items[2499]!.vector);
  });

  test('is written anew when most of its file is of no use', async () => {
    const folder = newFolder();
    const store = await openStore(folder, { dimension: 4096 });
    const items = itemsOf(randomVectors(1500, 4096, 1));
    for (let round = 0; round < 8; round++) await store.upsert(items);
    const [name] = readdirSync(folder).filter((entry) => entry.endsWith('.cmv'));
    expect(readdirSync(folder).filter((entry) => entry.endsWith('.cmv'))).toHaveLength(1);
    expect(name).not.toBe('vectors-000001.cmv');
    expect(readFileSync(file(folder)).length).toBeLessThan(5 * 1500 * 4096 * 4);
    await store.delete([items[0]!.id]);
    await store.close();
    const again = await openStore(folder);
    expect(await again.count()).toBe(1499);
    expect((await again.get([items[7]!.id]))[0]).toEqual(items[7]);
  }, 120_000);

  test('has one writer; readers see what was committed, and change nothing', async () => {
    const folder = newFolder();
    const writer = await openStore(folder, { dimension: 2 });
    await expect(openFileStore(folder)).rejects.toThrow(/is being written to by this process.*readOnly: true/);
    await writer.upsert([{ id: 'a', vector: [1, 2] }]);
    const reader = await openStore(folder, { readOnly: true });
    expect(await reader.count()).toBe(1);
    await expect(reader.upsert([{ id: 'b', vector: [1, 2] }])).rejects.toThrow(/opened with readOnly/);
    await expect(reader.delete(['a'])).rejects.toThrow(/opened with readOnly/);
    expect(idsOf((await reader.search([[1, 2]]))[0]!)).toEqual(['a']);
    await writer.upsert([{ id: 'b', vector: [2, 2] }]);
    expect(await reader.count()).toBe(1);
    expect(await (await openStore(folder, { readOnly: true })).count()).toBe(2);
    await writer.close();
    expect(await (await openStore(folder)).count()).toBe(2);
  });

  test('is taken over from a process that is gone, not from one that lives', async () => {
    const folder = newFolder();
    await (await openFileStore(folder, { dimension: 2 })).close();
    const lock = join(folder, 'writer.lock');
    expect(existsSync(lock)).toBe(false);
    const { hostname } = await import('node:os');
    writeFileSync(lock, JSON.stringify({ process: process.ppid, host: hostname() }));
    await expect(openFileStore(folder)).rejects.toThrow(new RegExp(`written to by process ${process.ppid} on`));
    writeFileSync(lock, JSON.stringify({ process: 1, host: 'another machine' }));
    await expect(openFileStore(folder)).rejects.toThrow(/process 1 on another machine/);
    writeFileSync(lock, JSON.stringify({ process: 2 ** 22 + 1, host: hostname() }));
    await (await openFileStore(folder)).close();
    writeFileSync(lock, '');
    await (await openFileStore(folder)).close();
  });

  test('has one writer in a process that has loaded the package twice', async () => {
    const folder = newFolder();
    const store = await openStore(folder, { dimension: 2 });
    vi.resetModules();
    const other = await import('../../src/index.js');
    expect(other.openFileStore).not.toBe(openFileStore);
    await expect(other.openFileStore(folder)).rejects.toThrow(/is being written to by this process/);
    await store.close();
    await (await other.openFileStore(folder)).close();
  });

  // A thread has a register of its own, so what counts is what the file says.
  test.skipIf(process.platform !== 'linux')('has one writer in a process with several threads (Linux)', async () => {
    const folder = newFolder();
    await (await openFileStore(folder, { dimension: 2 })).close();
    const { hostname } = await import('node:os');
    const began = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19]!;
    const owner = (process: number, began: string) => JSON.stringify({ process, host: hostname(), began });
    const lock = join(folder, 'writer.lock');
    writeFileSync(lock, owner(process.pid, began));
    await expect(openFileStore(folder)).rejects.toThrow(new RegExp(`written to by process ${process.pid} on`));
    // Of the number of this process, or of another that lives, but begun at another time: gone.
    for (const id of [process.pid, process.ppid]) {
      writeFileSync(lock, owner(id, '1'));
      await (await openFileStore(folder)).close();
    }
  });

  test('is saved from a store in memory, and from any other', async () => {
    const store = memoryStore({ dimension: 5, similarity: 'dot', fields: { number: 'number' } });
    open.push(store);
    const items = itemsOf(randomVectors(9000, 5, 2));
    await store.upsert(items);
    const folder = newFolder();
    await saveStore(store, folder);
    await expect(saveStore(store, folder)).rejects.toThrow(/there is a store in/);
    const saved = await openStore(folder);
    expect([saved.dimension, saved.similarity, saved.fields]).toEqual([5, 'dot', { number: 'number' }]);
    const queries = randomVectors(5, 5, 3);
    expect(await saved.search(queries)).toEqual(await store.search(queries));
    expect(await saved.count({ field: 'number', below: 10 })).toBe(10);
  });
});
