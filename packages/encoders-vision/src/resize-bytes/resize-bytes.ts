import { setImmediate } from 'node:timers/promises';
import type { BytePixels } from '../image.js';
import type { Box } from '../transform/crop.js';
import { type ResizeKernel, rowsFirst, type Taps, taps } from '../transform/taps.js';
import { across, down, type TapTable, tapTable } from './passes.js';

export interface ResizeBytesOptions {
  height: number;
  width: number;
  kernel: ResizeKernel;
  /** The part of the resized picture that is wanted; only that is computed. */
  window: Box;
}

/** Bytes worked on at a time; others get their turn between. About three milliseconds. */
const stripBytes = 2 ** 21;

/**
 * `resize` with `eightBit`, of bytes, many times faster: WebAssembly with vectors of four sums.
 *
 * @param pixels [height, width, 3]
 * @returns [window.height, window.width, 3]
 * @see PIL.Image.resize
 */
export async function resizeBytes(
  { data, shape }: BytePixels,
  { height, width, kernel, window }: ResizeBytesOptions,
): Promise<BytePixels> {
  const columns = table(shape[1], width, kernel, window.left, window.width);
  const rows = table(shape[0], height, kernel, window.top, window.height);
  const [first, last] = reach(rows, shape[0]);
  const line = 3 * shape[1];
  const needed = data.subarray(first * line, last * line);
  const shifted = { ...rows, starts: rows.starts.map((start) => start - first) };
  const bytes = rowsFirst(shape, height, width)
    ? await allAcross(await allDown(needed, line, shifted), window.height, shape[1], columns)
    : await allDown(await allAcross(needed, last - first, shape[1], columns), 3 * window.width, shifted);
  return { data: bytes, shape: [window.height, window.width, 3] };
}

function table(from: number, to: number, kernel: ResizeKernel, first: number, count: number): TapTable {
  // Where nothing changes, one tap is enough.
  return tapTable(cachedTaps(from, to, from === to ? 'nearest' : kernel), first, count);
}

/** Taps of recent sizes: the pictures of a data set share a few. */
const recent = new Map<string, Taps>();

function cachedTaps(from: number, to: number, kernel: ResizeKernel): Taps {
  const key = `${from} ${to} ${kernel}`;
  let found = recent.get(key);
  if (!found) {
    found = taps(from, to, kernel, true);
    if (recent.size >= 64) recent.clear();
    recent.set(key, found);
  }
  return found;
}

/** First input place that is read, and the one behind the last. */
function reach({ starts, taps }: TapTable, length: number): [number, number] {
  return [starts[0]!, Math.min(length, starts.at(-1)! + taps)];
}

async function allAcross(source: Uint8Array, lines: number, width: number, table: TapTable): Promise<Uint8Array> {
  const from = 3 * width;
  const to = 3 * table.starts.length;
  const out = new Uint8Array(lines * to);
  const step = Math.max(4, Math.floor(stripBytes / from));
  for (let y = 0; y < lines; y += step) {
    if (y > 0) await setImmediate();
    const end = Math.min(lines, y + step);
    across(source.subarray(y * from, end * from), out.subarray(y * to), { lines: end - y, width, table });
  }
  return out;
}

async function allDown(source: Uint8Array, bytes: number, rows: TapTable): Promise<Uint8Array> {
  const lines = rows.starts.length;
  const out = new Uint8Array(lines * bytes);
  const step = Math.max(1, Math.floor((stripBytes * lines) / Math.max(1, source.length)));
  for (let y = 0; y < lines; y += step) {
    if (y > 0) await setImmediate();
    const count = Math.min(step, lines - y);
    const starts = rows.starts.subarray(y, y + count);
    const first = starts[0]!;
    const last = starts.at(-1)! + rows.taps;
    const weights = rows.weights.subarray(y * rows.taps, (y + count) * rows.taps);
    const table = { starts: starts.map((start) => start - first), weights, taps: rows.taps };
    down(source.subarray(first * bytes, last * bytes), out.subarray(y * bytes), { bytes, table });
  }
  return out;
}
