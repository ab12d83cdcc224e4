import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { Best } from './best.js';
import type { SearchHit } from './retrieval-index.js';

export interface QuantizedIndexOptions {
  dimension: number;
  /** One byte per value, or one bit. */
  precision: 'int8' | 'binary';
  /**
   * Binary codes find so many times k items, whose one-byte codes then decide; 1 leaves the order of the bits.
   * @default 4
   */
  rescore?: number;
}

/** Vectors of unit length in a quarter or a thirty-second of their memory, compared with all others. */
export interface QuantizedIndex {
  readonly size: number;
  /** Bytes that an item takes. */
  readonly bytesPerItem: number;
  /** @param rows [items, dimension] of any length; they are scaled to length 1 */
  add(ids: readonly string[], rows: Tensor2D): Promise<void>;
  /** The k nearest items of each query, best first. `score` is the cosine as far as the codes know it. */
  search(queries: Tensor2D, options?: { k?: number }): Promise<SearchHit[][]>;
}

/** Largest code: values of a unit vector lie in [-1, 1], but mostly within a few times 1 / sqrt(dimension). */
const largest = 127;

/**
 * An index of quantised vectors: `int8` stores each value in one byte, scaled by the largest of its vector; `binary` stores signs,
 * finds candidates by the number of bits that agree, and orders them by one-byte codes.
 *
 * int8: c_j = round(127 x_j / max |x|), score = q . (c max |x| / 127). binary: b_j = [x_j > 0], candidates by popcount(b_q xor b).
 *
 * @throws CrossmodalError when an option is out of range
 * @see Shakir, Aarsen and Lee (2024), "Binary and scalar embedding quantization"; Yamada et al. (2021), BPR, section 3, rescoring
 * @example
 * const index = quantizedIndex({ dimension: 384, precision: 'binary' });
 * await index.add(ids, vectors);
 * const [hits] = await index.search(query, { k: 10 });
 */
export function quantizedIndex({
  dimension,
  precision,
  rescore = 4, // sentence-transformers
  ...others
}: QuantizedIndexOptions): QuantizedIndex {
  const where = 'quantizedIndex';
  assertKnownOptions('quantizedIndex', others, ['dimension', 'precision', 'rescore']);
  requireInteger(`${where}: dimension`, dimension);
  if (precision !== 'int8' && precision !== 'binary') {
    throw new CrossmodalError(`${where}: precision must be int8 or binary, got ${String(precision)}`);
  }
  requireInteger(`${where}: rescore`, rescore);
  const words = Math.ceil(dimension / 32);
  const names: string[] = [];
  let codes = new Int8Array(0);
  let factors = new Float32Array(0);
  let bits = new Uint32Array(0);
  const withCodes = precision === 'int8' || rescore > 1;
  const withBits = precision === 'binary';

  const read = async (caller: string, rows: Tensor2D): Promise<Float32Array> => {
    if (rows.rank !== 2 || rows.shape[1] !== dimension) {
      throw new CrossmodalError(`${where}.${caller}: rows must have shape [rows, ${dimension}], got [${rows.shape}]`);
    }
    const values = Float32Array.from(await rows.data());
    for (let at = 0; at < values.length; at += dimension) {
      const row = values.subarray(at, at + dimension);
      const length = Math.hypot(...row);
      if (!(length > 0 && Number.isFinite(length))) {
        throw new CrossmodalError(`${where}.${caller}: row ${at / dimension} must be finite and not zero`);
      }
      for (let j = 0; j < dimension; j++) row[j]! /= length;
    }
    return values;
  };
  const signs = (row: Float32Array, into: Uint32Array, at: number): void => {
    for (let j = 0; j < dimension; j++) if (row[j]! > 0) into[at + (j >> 5)]! |= 1 << (j & 31);
  };
  const product = (query: Float32Array, item: number): number => {
    let sum = 0;
    for (let j = 0, at = item * dimension; j < dimension; j++, at++) sum += query[j]! * codes[at]!;
    return sum * factors[item]!;
  };
  /** Twice the share of equal signs less one: a guess at the cosine. */
  const agreement = (query: Uint32Array, item: number): number => {
    let different = 0;
    for (let w = 0, at = item * words; w < words; w++, at++) different += ones(query[w]! ^ bits[at]!);
    return 1 - (2 * different) / dimension;
  };

  return {
    get size() {
      return names.length;
    },
    bytesPerItem: (withCodes ? dimension + 4 : 0) + (withBits ? 4 * words : 0),
    async add(ids, rows) {
      const values = await read('add', rows);
      if (ids.length !== rows.shape[0]) {
        throw new CrossmodalError(`${where}.add: there must be one id per row, got ${ids.length} for ${rows.shape[0]}`);
      }
      const before = names.length;
      const count = before + ids.length;
      if (withCodes) {
        codes = grown(codes, count * dimension);
        factors = grown(factors, count);
      }
      if (withBits) bits = grown(bits, count * words);
      ids.forEach((id, i) => {
        names.push(id);
        const row = values.subarray(i * dimension, (i + 1) * dimension);
        const item = before + i;
        if (withBits) signs(row, bits, item * words);
        if (!withCodes) return;
        const top = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        factors[item] = top / largest;
        for (let j = 0; j < dimension; j++) codes[item * dimension + j] = Math.round((row[j]! / top) * largest);
      });
    },
    async search(queries, { k = 10, ...rest } = {}) {
      assertKnownOptions(`${where}.search`, rest, ['k']);
      requireInteger(`${where}.search: k`, k);
      const values = await read('search', queries);
      return Array.from({ length: queries.shape[0] }, (_, q) => {
        const query = values.subarray(q * dimension, (q + 1) * dimension);
        const byCodes = (items: Iterable<number>) => best(items, (item) => product(query, item), k);
        if (!withBits) return hitsOf(byCodes(names.keys()));
        const own = new Uint32Array(words);
        signs(query, own, 0);
        const near = best(names.keys(), (item) => agreement(own, item), k * rescore);
        if (!withCodes) return hitsOf(near);
        // In the order of the items, so that equal scores stay in it.
        return hitsOf(byCodes(near.map(({ position }) => position).sort((a, b) => a - b)));
      });
    },
  };

  function hitsOf(entries: Best['entries']): SearchHit[] {
    return entries.map(({ position, score }) => ({ id: names[position]!, score, metadata: {} }));
  }
}

/** The k items with the largest scores, the largest first, equal ones in their order. */
function best(items: Iterable<number>, score: (item: number) => number, k: number): Best['entries'] {
  const list = new Best(k);
  for (const item of items) list.offer(item, score(item));
  return list.entries;
}

/** Ones among 32 bits, by adding neighbours in parallel. @see Warren, "Hacker's delight", section 5-1 */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function grown<T extends Int8Array | Float32Array | Uint32Array>(array: T, length: number): T {
  if (array.length >= length) return array;
  // Half as much again, so that adding one by one stays linear.
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, Math.ceil(array.length * 1.5)));
  larger.set(array as never);
  return larger;
}
