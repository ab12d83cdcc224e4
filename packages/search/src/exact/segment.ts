import { CrossmodalError } from '@crossmodal/core';
import { canShare } from './kernels.js';
import { type WasmMemory, webAssembly } from './web-assembly.js';

/** Queries that are scored in one pass over the rows. */
export const queryBlock = 128;
/** Scores that are looked at in one go, and numbers of those that pass: 64 KB each, which stay in the second-level cache. */
export const scoreBlock = 16_384;

/** Kernels read rows in fours, and may go beyond the last. */
const excess = 4;

const page = 65_536;
const largest = 2 ** 30;
const mostRows = 2 ** 20;

/** Where things are in the memory of a segment, in bytes. */
export interface SegmentLayout {
  dimension: number;
  /** Bytes of a row: its values, and zeros up to a multiple of 64. */
  stride: number;
  /** Rows that fit. */
  capacity: number;
  /** Scratch for this many threads. */
  slots: number;
  slotBytes: number;
  scratchAt: number;
  scalesAt: number;
  rowsAt: number;
}

const align = (bytes: number) => Math.ceil(bytes / 64) * 64;

export function segmentLayout(dimension: number, slots: number): SegmentLayout {
  const stride = align(4 * dimension);
  const capacity = Math.max(4, Math.min(mostRows, Math.floor(largest / stride)));
  const slotBytes = align(queryBlock * stride + 8 * scoreBlock);
  const scratchAt = 64;
  const scalesAt = scratchAt + slots * slotBytes;
  const rowsAt = align(scalesAt + 4 * capacity);
  return { dimension, stride, capacity, slots, slotBytes, scratchAt, scalesAt, rowsAt };
}

/**
 * Up to a million rows, or a gigabyte of them, in one WebAssembly memory, which threads share: the number of slots that are
 * taken, scratch for each thread, a float32 per row, the rows. The memory grows in place; what was never touched takes no room.
 */
export class Segment {
  readonly memory: WasmMemory;
  rows!: Float32Array;
  scales!: Float32Array;

  constructor(readonly layout: SegmentLayout) {
    const initial = Math.ceil((layout.rowsAt + 2 * excess * layout.stride) / page);
    const maximum = Math.ceil((layout.rowsAt + (layout.capacity + excess) * layout.stride) / page);
    try {
      this.memory = new webAssembly.Memory({ initial, maximum, shared: canShare });
    } catch (cause) {
      throw new CrossmodalError('exact search: no memory for another segment of rows', {
        remedy: 'use a LanceDB or Milvus store for so many items',
        cause,
      });
    }
    this.#look();
  }

  #look(): void {
    const { rowsAt, scalesAt, capacity } = this.layout;
    this.rows = new Float32Array(this.memory.buffer, rowsAt);
    this.scales = new Float32Array(this.memory.buffer, scalesAt, capacity);
  }

  /** Makes room for so many rows in all. */
  reserve(rows: number): void {
    const { rowsAt, stride, capacity } = this.layout;
    const present = this.memory.buffer.byteLength;
    const wanted = rowsAt + (rows + excess) * stride;
    if (wanted <= present) return;
    const most = rowsAt + (capacity + excess) * stride;
    const target = Math.min(most, Math.max(wanted, rowsAt + 2 * (present - rowsAt)));
    const pages = Math.ceil(target / page) - present / page;
    try {
      this.memory.grow(pages);
    } catch (cause) {
      throw new CrossmodalError(`exact search: no memory for ${rows} rows of ${this.layout.dimension} values`, {
        remedy: 'use a LanceDB or Milvus store for so many items',
        cause,
      });
    }
    this.#look();
  }
}
