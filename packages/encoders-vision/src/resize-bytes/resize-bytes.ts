import { setImmediate } from 'node:timers/promises';
import type { BytePixels } from '../image.js';
import type { Box } from '../transform/crop.js';
import { type ResizeKernel, rowsFirst, taps } from '../transform/taps.js';
import { across, acrossThenDown, down, type TapTable, tapTable } from './passes.js';

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
  const { table: columns } = cachedTable({
    from: shape[1],
    to: width,
    kernel,
    first: window.left,
    count: window.width,
  });
  const { table, reach } = cachedTable({ from: shape[0], to: height, kernel, first: window.top, count: window.height });
  const line = 3 * shape[1];
  const [lines, needed] = [reach.end - reach.first, data.subarray(reach.first * line, reach.end * line)];
  const rows = { ...table, starts: table.starts.map((start) => start - reach.first) };
  let bytes: Uint8Array;
  if (rowsFirst(shape, height, width)) {
    bytes = await allAcross(await allDown(needed, line, rows), window.height, shape[1], columns);
  } else if (needed.length <= stripBytes && 3 * window.width * window.height <= stripBytes) {
    bytes = new Uint8Array(3 * window.width * window.height);
    acrossThenDown(needed, bytes, { lines, width: shape[1], columns, rows });
  } else {
    bytes = await allDown(await allAcross(needed, lines, shape[1], columns), 3 * window.width, rows);
  }
  return { data: bytes, shape: [window.height, window.width, 3] };
}

interface Wanted {
  from: number;
  to: number;
  kernel: ResizeKernel;
  /** The first output place wanted, and how many. */
  first: number;
  count: number;
}

interface CachedTable {
  table: TapTable;
  /** First input place that is read, and the one behind the last. */
  reach: { first: number; end: number };
}

/** Tables of recent sizes: the pictures of a data set share a few, and a table takes longer than a pass of a small picture. */
const recent = new Map<string, CachedTable>();

function cachedTable(wanted: Wanted): CachedTable {
  const { from, to, kernel, first, count } = wanted;
  const key = `${from} ${to} ${kernel} ${first} ${count}`;
  let found = recent.get(key);
  if (!found) {
    found = tableOf(wanted);
    if (recent.size >= 64) recent.clear();
    recent.set(key, found);
  }
  return found;
}

function tableOf({ from, to, kernel, first, count }: Wanted): CachedTable {
  const wanted = taps(from, to, from === to ? 'nearest' : kernel, true, { first, count }); // where nothing changes, one tap is enough
  const end = wanted.starts[count - 1]! + wanted.weights[count - 1]!.length;
  return { table: tapTable(wanted), reach: { first: wanted.starts[0]!, end } };
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
  const { pairs } = rows;
  const lines = rows.starts.length;
  const out = new Uint8Array(lines * bytes);
  const step = Math.max(1, Math.floor(stripBytes / Math.max(bytes, source.length / lines)));
  for (let y = 0; y < lines; y += step) {
    if (y > 0) await setImmediate();
    const count = Math.min(step, lines - y);
    const starts = rows.starts.subarray(y, y + count);
    const first = starts[0]!;
    const last = starts.at(-1)! + 2 * pairs;
    const weights = rows.weights.subarray(y * 2 * pairs, (y + count) * 2 * pairs);
    const table = { starts: starts.map((start) => start - first), weights, pairs };
    down(source.subarray(first * bytes, last * bytes), out.subarray(y * bytes), { bytes, table });
  }
  return out;
}
