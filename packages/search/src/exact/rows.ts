import type { Similarity } from '../vector-store.js';
import { forgetSegment, type ScanResult, type ScanTask } from './scan.js';
import { inlineScanner, type Scanner } from './scanner.js';
import { isOrdinary, squaredLength } from './score.js';
import { Segment, type SegmentLayout, segmentLayout } from './segment.js';

let stores = 0;

// Multiplications below which a scan on the thread that asks is over before another thread would have begun.
const inlineWork = 1e6;

export interface RankedRow {
  position: number;
  score: number;
}

/** Vectors by position, contiguous, with exact search. Who changes them must wait for searches to end. */
export class ExactRows {
  readonly #name = `store ${++stores}`;
  readonly #layout: SegmentLayout;
  readonly #segments: Segment[] = [];
  readonly #scanner: Scanner;
  /** Rows for which bounds of float32 errors do not hold. */
  #extremes = 0;
  #count = 0;

  constructor(
    readonly dimension: number,
    readonly similarity: Similarity,
    scanner: Scanner,
  ) {
    this.#scanner = scanner;
    // Each thread, the one that asks, and as many again for threads that had to be replaced.
    this.#layout = segmentLayout(dimension, 2 * scanner.threads + 1);
  }

  get count(): number {
    return this.#count;
  }

  #place(position: number): { segment: Segment; row: number; at: number } {
    const { capacity, stride } = this.#layout;
    const row = position % capacity;
    return { segment: this.#segments[Math.floor(position / capacity)]!, row, at: (row * stride) / 4 };
  }

  /** Makes room for so many rows. */
  reserve(count: number): void {
    const { capacity } = this.#layout;
    for (let first = 0, i = 0; first < count; first += capacity, i++) {
      this.#segments[i] ??= new Segment(this.#layout);
      this.#segments[i]!.reserve(Math.min(capacity, count - first));
    }
  }

  /** Puts a vector at a position, which is at most the number of rows; there must be room. */
  set(position: number, vector: Float32Array, squared = squaredLength(vector, 0, this.dimension)): void {
    const { segment, row, at } = this.#place(position);
    if (position < this.#count) this.#extremes -= isOrdinary(this.#length(segment, at)) ? 0 : 1;
    else this.#count++;
    segment.rows.set(vector, at);
    this.#describe(segment, row, Math.sqrt(squared));
  }

  /** Adds vectors, [count, dimension], after the last row; there must be room. */
  append(vectors: Float32Array, squared: ArrayLike<number>): void {
    const { dimension } = this;
    const width = this.#layout.stride / 4;
    const count = vectors.length / dimension;
    for (let done = 0; done < count; ) {
      const { segment, row, at } = this.#place(this.#count);
      const part = Math.min(this.#layout.capacity - row, count - done);
      if (width === dimension) segment.rows.set(vectors.subarray(done * dimension, (done + part) * dimension), at);
      else {
        for (let i = 0; i < part; i++) {
          for (let d = 0; d < dimension; d++) segment.rows[at + i * width + d] = vectors[(done + i) * dimension + d]!;
        }
      }
      for (let i = 0; i < part; i++) this.#describe(segment, row + i, Math.sqrt(squared[done + i]!));
      this.#count += part;
      done += part;
    }
  }

  #describe(segment: Segment, row: number, length: number): void {
    segment.scales[row] = this.similarity === 'cosine' ? (length === 0 ? 0 : 1 / length) : length;
    this.#extremes += isOrdinary(length) ? 0 : 1;
  }

  #length(segment: Segment, at: number): number {
    return Math.sqrt(squaredLength(segment.rows, at, this.dimension));
  }

  /** Removes the row of a position; the last row takes its place. */
  remove(position: number): void {
    const last = this.#count - 1;
    if (position !== last) this.set(position, this.view(last));
    const { segment, at } = this.#place(last);
    if (!isOrdinary(this.#length(segment, at))) this.#extremes--;
    this.#count--;
  }

  /** The values of a row, where they are. */
  view(position: number): Float32Array {
    const { segment, at } = this.#place(position);
    return segment.rows.subarray(at, at + this.dimension);
  }

  /**
   * The k best rows of each query, in no order, and those that equal the last of them.
   *
   * @param queries [queries, dimension]
   * @param mask which positions may be answers
   */
  async search(queries: Float32Array, k: number, mask?: Uint8Array): Promise<RankedRow[][]> {
    const count = queries.length / this.dimension;
    const answers = Array.from({ length: count }, (): RankedRow[] => []);
    if (this.#count === 0 || count === 0) return answers;
    const { capacity } = this.#layout;
    const small = this.#count * this.#layout.stride * count < 4 * inlineWork;
    const scanner = small ? inlineScanner : this.#scanner;
    const parts = small ? 1 : scanner.threads * (count > 8 ? 2 : 1);
    const share = Math.max(1, 4 * Math.ceil(this.#count / parts / 4));
    const scans: Promise<void>[] = [];
    for (let i = 0; i * capacity < this.#count; i++) {
      const rows = Math.min(capacity, this.#count - i * capacity);
      for (let begin = 0; begin < rows; begin += share) {
        const end = Math.min(rows, begin + share);
        const first = i * capacity + begin;
        const task: ScanTask = {
          segment: `${this.#name}, segment ${i}`,
          memory: this.#segments[i]!.memory,
          layout: this.#layout,
          similarity: this.similarity,
          begin,
          end,
          mask: mask?.slice(first, first + end - begin),
          queries,
          k,
          ordinary: this.#extremes === 0,
        };
        scans.push(scanner.scan(task).then((result) => collect(answers, result, i * capacity)));
      }
    }
    await Promise.all(scans);
    return answers;
  }

  async close(): Promise<void> {
    await this.#scanner.close();
    this.#segments.forEach((_, i) => {
      forgetSegment(`${this.#name}, segment ${i}`);
    });
    this.#segments.length = 0;
    this.#count = 0;
  }
}

function collect(answers: RankedRow[][], { counts, positions, scores }: ScanResult, offset: number): void {
  let at = 0;
  counts.forEach((count, query) => {
    for (const end = at + count; at < end; at++) {
      answers[query]!.push({ position: offset + positions[at]!, score: scores[at]! });
    }
  });
}
