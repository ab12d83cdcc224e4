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
    taps: number,
  ): void;
  down(
    source: number,
    target: number,
    lines: number,
    bytes: number,
    starts: number,
    weights: number,
    taps: number,
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

/** Taps as the passes want them: every place has equally many, the missing ones weigh nothing. */
export interface TapTable {
  /** First input place of each output place. */
  starts: Int32Array;
  /** [places, taps], in steps of 2^-22. */
  weights: Int32Array;
  taps: number;
}

/** The table of `count` output places from `first` on. */
export function tapTable({ starts, weights }: Taps, first: number, count: number): TapTable {
  const wanted = weights.slice(first, first + count);
  const most = wanted.reduce((most, { length }) => Math.max(most, length), 1);
  const table = new Int32Array(count * most);
  wanted.forEach((row, o) => {
    for (let i = 0; i < row.length; i++) table[o * most + i] = inSteps(row[i]!);
  });
  return { starts: starts.slice(first, first + count), weights: table, taps: most };
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

/** `lines` lines of `width` pixels, red, green, blue, to `target`: lines of as many pixels as the table has places. */
export function across(
  source: Uint8Array,
  target: Uint8Array,
  { lines, width, table }: { lines: number; width: number; table: TapTable },
): void {
  const { memory, across: run } = passes();
  const columns = table.starts.length;
  const from = 3 * width;
  const to = 3 * columns + 1; // the last pixel is stored as four bytes, too
  const [starts, weights, read, write] = layOut(memory, [
    table.starts.byteLength,
    table.weights.byteLength,
    (lines + 3) * from + 3 * table.taps,
    (lines + 3) * to,
  ]) as [number, number, number, number];
  new Int32Array(memory.buffer, starts, columns).set(table.starts.map((start) => 3 * start));
  new Int32Array(memory.buffer, weights, table.weights.length).set(table.weights);
  new Uint8Array(memory.buffer, read, lines * from).set(source);
  run(read, from, write, to, lines, columns, starts, weights, table.taps);
  for (let y = 0; y < lines; y++) {
    target.set(new Uint8Array(memory.buffer, write + y * to, 3 * columns), y * 3 * columns);
  }
}

/** Lines of `bytes` bytes to `target`: as many lines as the table has places. */
export function down(
  source: Uint8Array,
  target: Uint8Array,
  { bytes, table }: { bytes: number; table: TapTable },
): void {
  const { memory, down: run } = passes();
  const lines = table.starts.length;
  const [starts, weights, read, write] = layOut(memory, [
    table.starts.byteLength,
    table.weights.byteLength,
    source.length + table.taps * bytes,
    lines * bytes,
  ]) as [number, number, number, number];
  new Int32Array(memory.buffer, starts, lines).set(table.starts.map((start) => start * bytes));
  new Int32Array(memory.buffer, weights, table.weights.length).set(table.weights);
  new Uint8Array(memory.buffer, read, source.length).set(source);
  run(read, write, lines, bytes, starts, weights, table.taps);
  target.set(new Uint8Array(memory.buffer, write, lines * bytes));
}
