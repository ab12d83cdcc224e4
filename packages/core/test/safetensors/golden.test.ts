import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goldenIndex } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CrossmodalError } from '../../src/index.js';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/safetensors/files/index.js';
import { decodeValues, parseSafetensors, safetensorsPieces, toTensor } from '../../src/safetensors/index.js';

const folder = new URL('../golden/safetensors/', import.meta.url);
interface Case {
  name: string;
  files: string[];
  reader?: { accepted?: boolean; shapes?: Record<string, number[]>; message?: string };
}
const { cases } = goldenIndex<{ cases: Case[] }>(folder);
const path = (file: string) => fileURLToPath(new URL(file, folder));

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-safetensors-'));
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

interface Described {
  metadata: Record<string, string> | null;
  tensors: Record<string, { dtype: string; shape: number[]; values: (number | string | boolean | [number, number])[] }>;
}

/** Values as text: what JSON has no numbers for is text in the description already. */
const plain = (value: number | bigint | boolean | string) => String(typeof value === 'boolean' ? Number(value) : value);

describe('files of the Python library', () => {
  test.each(cases.filter(({ reader }) => !reader))('$name', async ({ name, files }) => {
    const file = await readSafetensors(path(files[0]!));
    const expected = JSON.parse(readFileSync(path(files[1]!), 'utf8')) as Described;
    expect(Object.fromEntries(file.metadata)).toEqual(expected.metadata ?? {});
    expect([...file.tensors.keys()].sort()).toEqual(Object.keys(expected.tensors).sort());
    for (const [key, { dtype, shape, values }] of Object.entries(expected.tensors)) {
      const stored = file.tensors.get(key)!;
      expect([stored.dtype, stored.shape]).toEqual([dtype, shape]);
      const ours = Array.from(decodeValues(stored) as ArrayLike<number | bigint>, plain);
      expect(ours, key).toEqual(values.flat().map(plain));
    }
    // The same from bytes in memory, at an odd address.
    const moved = Buffer.concat([Buffer.alloc(3), readFileSync(path(files[0]!))]).subarray(3);
    const parsed = parseSafetensors(moved).tensors;
    for (const [key, stored] of file.tensors) expect(decodeValues(parsed.get(key)!)).toEqual(decodeValues(stored));
    // Written again, the file is the same byte for byte (the library writes metadata in no fixed order).
    if (name !== 'metadata') {
      const again = Buffer.concat(safetensorsPieces(file.tensors, { metadata: Object.fromEntries(file.metadata) }));
      expect(again.equals(readFileSync(path(files[0]!)))).toBe(true);
    }
  });
});

describe('odd and broken files are judged as the Python library does', () => {
  // The library takes the last of two values of one key. Another reader takes the first, and reads another model: we refuse (see repeated-keys.test.ts).
  const stricter = ['malformed/duplicate_keys_same_range'];
  test.each(cases.filter(({ reader, name }) => reader && !stricter.includes(name)))(
    '$name',
    async ({ files, reader }) => {
      const file = path(files[0]!);
      if (reader!.accepted) {
        const { tensors } = await readSafetensors(file);
        const shapes = Object.entries(reader!.shapes!);
        expect(tensors.size).toBe(shapes.length);
        for (const [name, shape] of shapes) expect(tensors.get(name)!.shape).toEqual(shape);
        return;
      }
      const error: unknown = await readSafetensors(file).catch((reason: unknown) => reason);
      expect(CrossmodalError.isInstance(error)).toBe(true);
      expect((error as Error).message).toContain(file);
      expect((error as Error).message).toMatch(/not a valid safetensors file: .{15,}/);
      expect(() => parseSafetensors(readFileSync(file))).toThrow(CrossmodalError);
    },
  );
});

test('files that are not there', async () => {
  await expect(readSafetensors(join(temporary, 'nothing'))).rejects.toThrow(/nothing cannot be read: ENOENT/);
  await expect(readSafetensors(temporary)).rejects.toThrow(CrossmodalError);
});

test('tensors survive a round trip, one can be read alone, and nothing temporary stays', async () => {
  const file = join(temporary, 'round.safetensors');
  const tensors = {
    weight: tf.tensor2d([
      [1.5, -2],
      [Number.NaN, 3e38],
    ]),
    count: tf.scalar(7, 'int32'),
    mask: tf.tensor1d([true, false, true], 'bool'),
    empty: tf.zeros([0, 4]),
  };
  await writeSafetensors(file, tensors, { metadata: { note: 'ü' } });
  const open = await openSafetensors(file);
  expect(open.metadata.get('note')).toBe('ü');
  for (const [name, tensor] of Object.entries(tensors)) {
    expect(toTensor(await open.read(name))).toBeAllclose(tensor, { rtol: 0, atol: 0 });
  }
  await expect(open.read('bias')).rejects.toThrow("has no tensor 'bias'");
  await open.close();
  expect(readdirSync(temporary)).toEqual(['round.safetensors']);
});

test('integers beyond 32 bits are refused, not wrapped', () => {
  const bytes = new Uint8Array(new BigInt64Array([2n ** 40n]).buffer);
  expect(() => toTensor({ dtype: 'I64', shape: [1], bytes })).toThrow('1099511627776 does not fit into 32 bits');
});

test('random damage is refused or leaves a readable file, never anything else', () => {
  const good = readFileSync(path('mixed.safetensors'));
  let refused = 0;
  for (let i = 0; i < 1000; i++) {
    const bad = Buffer.from(good);
    bad[(i * 7919) % bad.length]! ^= 1 << (i % 8);
    try {
      const { tensors } = parseSafetensors(i % 3 === 0 ? bad.subarray(0, (i * 104729) % bad.length) : bad);
      for (const stored of tensors.values()) decodeValues(stored);
    } catch (error) {
      expect(CrossmodalError.isInstance(error)).toBe(true);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(300);
});
