import type { Taps } from '../transform/taps.js';
import { inSteps } from '../transform/taps.js';
import { passesBase64 } from './passes-module.js';

/** The part of WebAssembly's interface that is used here; its types come with those of browsers, which are not loaded. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface Engine {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

/** The two functions of passes.wat, and their memory. */
interface Passes {
  memory: Memory;
  across(
    source: number,
    from: number,
    target: number,
    to: number,
    lines: number,
    columns: number,
    starts: number,
    weights: number,
    pairs: number,
  ): void;
  down(
    source: number,
    target: number,
    lines: number,
    bytes: number,
    starts: number,
    weights: number,
    pairs: number,
  ): void;
}

let loaded: Passes | undefined;

function passes(): Passes {
  if (!loaded) {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: Engine };
    const module = new WebAssembly.Module(Buffer.from(passesBase64, 'base64'));
    loaded = new WebAssembly.Instance(module).exports as Passes;
  }
  return loaded;
}

/** Taps as the passes want them: every place has equally many pairs, the missing ones weigh nothing. */
export interface TapTable {
  /** First input place of each output place. */
  starts: Int32Array;
  /** [places, pairs, 2]: the high parts of two weights in steps of 2^-11, then the low ones in steps of 2^-22; 16 bits each. */
  weights: Int32Array;
  pairs: number;
}

/** Bits of a weight's low part. */
const lowBits = 11;

/** The table of `count` output places from `first` on. */
export function tapTable({ starts, weights }: Taps): TapTable {
  const pairs = Math.ceil(weights.reduce((most, { length }) => Math.max(most, length), 1) / 2);
  const halves = new Int16Array(weights.length * pairs * 4);
  weights.forEach((row, o) => {
    for (let i = 0; i < row.length; i++) {
      const weight = inSteps(row[i]!);
      const at = 4 * (o * pairs + (i >> 1)) + (i & 1);
      halves[at] = weight >> lowBits;
      halves[at + 2] = weight & (2 ** lowBits - 1);
    }
  });
  return { starts, weights: new Int32Array(halves.buffer), pairs };
}

/** Bytes beyond a buffer that the passes may touch: they work on four lines, or sixteen bytes, at a time. */
const slack = 64;

/** Room for the parts one behind the other; where each begins. */
function layOut(memory: Memory, sizes: readonly number[]): number[] {
  let end = 0;
  const places = sizes.map((size) => {
    const place = end;
    end = (end + size + slack) & ~15;
    return place;
  });
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  return places;
}

/** Bytes of `lines` lines of `width` pixels with what `across` reads beyond, and of what it writes. */
function acrossSizes(lines: number, width: number, { starts, pairs }: TapTable): [number, number] {
  return [(lines + 3) * 3 * width + 6 * pairs, (lines + 3) * stride(starts.length)];
}

/** Bytes from one line that `across` writes to the next: the last pixel is stored as four bytes, too. */
function stride(columns: number): number {
  return 3 * columns + 1;
}

/** Copies lines of `bytes` bytes, `from` apart in the memory, to `target`. */
function copyLines(memory: Memory, place: number, from: number, bytes: number, target: Uint8Array): void {
  const written = new Uint8Array(memory.buffer, place, (target.length / bytes) * from);
  for (let to = 0, at = 0; to < target.length; to += bytes, at += from)
    target.set(written.subarray(at, at + bytes), to);
}

function put(memory: Memory, place: number, values: Int32Array): void {
  new Int32Array(memory.buffer, place, values.length).set(values);
}

/** `lines` lines of `width` pixels, red, green, blue, to `target`: lines of as many pixels as the table has places. */
export function across(
  source: Uint8Array,
  target: Uint8Array,
  { lines, width, table }: { lines: number; width: number; table: TapTable },
): void {
  const { memory, across: run } = passes();
  const { starts, weights, pairs } = table;
  const columns = starts.length;
  const to = stride(columns);
  const sizes = [starts.byteLength, weights.byteLength, ...acrossSizes(lines, width, table)];
  const [first, weight, read, write] = layOut(memory, sizes) as [number, number, number, number];
  put(memory, first, starts);
  put(memory, weight, weights);
  new Uint8Array(memory.buffer, read, source.length).set(source);
  run(read, 3 * width, write, to, lines, columns, first, weight, pairs);
  copyLines(memory, write, to, 3 * columns, target.subarray(0, lines * 3 * columns));
}

/** Lines of `bytes` bytes to `target`: as many lines as the table has places. */
export function down(
  source: Uint8Array,
  target: Uint8Array,
  { bytes, table }: { bytes: number; table: TapTable },
): void {
  const { memory, down: run } = passes();
  const { starts, weights, pairs } = table;
  const lines = starts.length;
  const [first, weight, read, write] = layOut(memory, [
    starts.byteLength,
    weights.byteLength,
    source.length + 2 * pairs * bytes,
    lines * bytes,
  ]) as [number, number, number, number];
  put(memory, first, starts);
  put(memory, weight, weights);
  new Uint8Array(memory.buffer, read, source.length).set(source);
  run(read, write, lines, bytes, first, weight, pairs);
  target.set(new Uint8Array(memory.buffer, write, lines * bytes));
}

/** `across`, then `down` on what it wrote, without a copy between them. */
export function acrossThenDown(
  source: Uint8Array,
  target: Uint8Array,
  { lines, width, columns, rows }: { lines: number; width: number; columns: TapTable; rows: TapTable },
): void {
  const { memory, across: runAcross, down: runDown } = passes();
  const bytes = stride(columns.starts.length);
  const height = rows.starts.length;
  const [toRead, between] = acrossSizes(lines, width, columns);
  const [column, acrossWeight, row, downWeight, read, write, last] = layOut(memory, [
    columns.starts.byteLength,
    columns.weights.byteLength,
    rows.starts.byteLength,
    rows.weights.byteLength,
    toRead,
    between + 2 * rows.pairs * bytes,
    height * bytes,
  ]) as [number, number, number, number, number, number, number];
  put(memory, column, columns.starts);
  put(memory, acrossWeight, columns.weights);
  put(memory, row, rows.starts);
  put(memory, downWeight, rows.weights);
  new Uint8Array(memory.buffer, read, source.length).set(source);
  runAcross(read, 3 * width, write, bytes, lines, columns.starts.length, column, acrossWeight, columns.pairs);
  runDown(write, last, height, bytes, row, downWeight, rows.pairs);
  copyLines(memory, last, bytes, bytes - 1, target);
}
