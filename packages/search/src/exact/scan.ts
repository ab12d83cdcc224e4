import type { Similarity } from '../vector-store.js';
import { Candidates } from './candidates.js';
import { type Kernels, kernels } from './kernels.js';
import { exactScore, isOrdinary, squaredLength } from './score.js';
import { queryBlock, type SegmentLayout, scoreBlock } from './segment.js';
import type { WasmMemory } from './web-assembly.js';

/** Queries to compare with some rows of a segment. */
export interface ScanTask {
  /** Names the segment among all that a thread sees. */
  segment: string;
  memory: WasmMemory;
  layout: SegmentLayout;
  similarity: Similarity;
  /** Rows from `begin` to before `end`. */
  begin: number;
  end: number;
  /** For each of these rows, whether it may be an answer. */
  mask?: Uint8Array | undefined;
  /** [queries, dimension] */
  queries: Float32Array;
  k: number;
  /** Whether float32 bounds hold for all rows; if not, everything is computed in double precision. */
  ordinary: boolean;
}

/** The answers to all queries, one after the other: `counts` per query. Of each, the k best, and all that equal the last of them. */
export interface ScanResult {
  counts: Int32Array;
  positions: Int32Array;
  scores: Float64Array;
}

interface Workspace {
  kernels: Kernels;
  /** Address of this thread's scratch. */
  scratch: number;
}

const workspaces = new Map<string, Workspace>();

function workspace({ segment, memory, layout, similarity }: ScanTask): Workspace {
  let own = workspaces.get(segment);
  if (!own) {
    const slot = Atomics.add(new Int32Array(memory.buffer, 0, 1), 0, 1);
    if (slot >= layout.slots) throw new Error(`internal: more than ${layout.slots} threads scan one segment`);
    own = {
      kernels: kernels(memory, similarity),
      scratch: layout.scratchAt + slot * layout.slotBytes,
    };
    workspaces.set(segment, own);
  }
  return own;
}

/** Lets go of the memory of a segment; for the thread that owns the store (others end with it). */
export function forgetSegment(segment: string): void {
  workspaces.delete(segment);
}

/**
 * Compares queries with rows. Scores are computed in float32, with a bound of their error; the rows that may be among the
 * k best by these bounds are scored again in double precision. The result is that of a scan in double precision, whatever the
 * number of queries and rows.
 *
 * Error of a float32 sum of n products in any order: |fl(q·x) - q·x| <= γ_n |q| |x|, γ_n = n u / (1 - n u), u = 2^-24.
 * @see Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.1
 */
export function scan(task: ScanTask): ScanResult {
  const { dimension } = task.layout;
  const count = task.queries.length / dimension;
  const answers: Answer[] = [];
  for (let first = 0; first < count; first += queryBlock) {
    answers.push(...scanBlock(task, first, Math.min(queryBlock, count - first)));
  }
  const total = answers.reduce((sum, { positions }) => sum + positions.length, 0);
  const result = {
    counts: Int32Array.from(answers, ({ positions }) => positions.length),
    positions: new Int32Array(total),
    scores: new Float64Array(total),
  };
  let at = 0;
  for (const { positions, scores } of answers) {
    result.positions.set(positions, at);
    result.scores.set(scores, at);
    at += positions.length;
  }
  return result;
}

interface Query {
  at: number;
  /** |q|² */
  squared: number;
  candidates: Candidates;
}

type Answer = Pick<ScanResult, 'positions' | 'scores'>;

function scanBlock(task: ScanTask, first: number, count: number): Answer[] {
  const { queries: values, layout, k } = task;
  const { dimension } = layout;
  const queries = Array.from({ length: count }, (_, i): Query => {
    const at = (first + i) * dimension;
    return { at, squared: squaredLength(values, at, dimension), candidates: new Candidates(k) };
  });
  if (task.ordinary && queries.every(({ squared }) => isOrdinary(Math.sqrt(squared)))) {
    offerApproximate(task, queries);
    return queries.map((query) => rescore(task, query));
  }
  for (const query of queries) offerExact(task, query);
  return queries.map(({ candidates }) => best(candidates, k));
}

/** Every row with its score in double precision. */
function offerExact({ memory, layout, similarity, begin, end, mask, queries }: ScanTask, query: Query): void {
  const { dimension, stride, rowsAt } = layout;
  const rows = new Float32Array(memory.buffer, rowsAt);
  const { at, squared, candidates } = query;
  for (let row = begin; row < end; row++) {
    if (mask && mask[row - begin] === 0) continue;
    const score = exactScore(similarity, queries, at, squared, rows, (row * stride) / 4, dimension);
    if (score >= candidates.threshold) candidates.add(row, score, 0);
  }
}

/** Rows whose float32 scores do not exclude them. */
function offerApproximate(task: ScanTask, queries: readonly Query[]): void {
  const { memory, layout, similarity, begin, end, mask } = task;
  const { dimension, stride, scalesAt, rowsAt } = layout;
  const { kernels, scratch } = workspace(task);
  const scoresAt = scratch + queryBlock * stride;
  const passedAt = scoresAt + 4 * scoreBlock;
  const single = queries.length === 1;
  const padded = single ? 1 : 2 * Math.ceil(queries.length / 2);
  const copies = new Float32Array(memory.buffer, scratch, (padded * stride) / 4);
  copies.fill(0);
  queries.forEach(({ at }, i) => {
    copies.set(task.queries.subarray(at, at + dimension), (i * stride) / 4);
  });
  // A block of rows, 64 KB, stays in the second-level cache while all queries pass over it.
  const rowsOfCache = single ? scoreBlock : Math.max(16, 4 * Math.floor(2 ** 14 / stride));
  const block = Math.min(rowsOfCache, 4 * Math.floor(scoreBlock / padded / 4));
  const scores = new Float32Array(memory.buffer, scoresAt, scoreBlock);
  const passed = new Int32Array(memory.buffer, passedAt, scoreBlock);
  const scales = new Float32Array(memory.buffer, scalesAt, layout.capacity);
  const bounds = queries.map((query) => errorBounds(similarity, layout, Math.sqrt(query.squared)));
  const kernel = single ? kernels.one : kernels.many;
  for (let from = begin; from < end; from += block) {
    const rows = Math.min(block, end - from);
    if (mask && !mask.subarray(from - begin, from - begin + rows).includes(1)) continue;
    kernel(scratch, padded, rowsAt + from * stride, rows, stride, scoresAt, 4 * block);
    for (let i = 0; i < queries.length; i++) {
      const { candidates } = queries[i]!;
      const bound = bounds[i]!;
      const limit = bound.limit(candidates.threshold);
      const count = kernels.select(scoresAt + 4 * i * block, scalesAt + 4 * from, rows, limit, bound.factor, passedAt);
      for (let j = 0; j < count; j++) {
        const row = passed[j]!;
        if (row >= rows || (mask && mask[from - begin + row] === 0)) continue;
        const raw = scores[i * block + row]!;
        const scale = scales[from + row]!;
        const score = bound.score(raw, scale);
        const error = bound.error(raw, scale);
        if (score + error >= candidates.threshold) candidates.add(from + row, score, error);
      }
    }
  }
}

/** How the float32 scores of a query are to be understood. */
interface ErrorBounds {
  /** The score, larger is nearer; cosines without the length of the query. */
  score(raw: number, scale: number): number;
  /** How far it may be from the true one. */
  error(raw: number, scale: number): number;
  /** For the selection: what passes it includes all whose score and error reach the threshold. */
  limit(threshold: number): number;
  factor: number;
}

function errorBounds(similarity: Similarity, { stride, dimension }: SegmentLayout, length: number): ErrorBounds {
  // Roundings on the way of a value: its product (or twice its difference, and the square), the sum of its lane, those of the lanes,
  // the scale, the product with it, the comparison; some to spare for the double precision of the true score.
  const terms = stride / 16 + 12;
  const relative = (terms * 2 ** -24) / (1 - terms * 2 ** -24);
  // What products may lose that are too small for float32.
  const absolute = dimension * 2 ** -148;
  // The selection is in float32: its limit is moved by more than its rounding.
  const lower = (limit: number) => limit - Math.abs(limit) * 2 ** -22;
  if (similarity === 'euclidean') {
    return {
      score: (raw) => -raw,
      error: (raw) => absolute + relative * raw,
      limit: (threshold) => -lower((threshold - absolute) / (1 - relative)),
      factor: 0,
    };
  }
  const factor = relative * length;
  if (similarity === 'dot') {
    return {
      score: (raw) => raw,
      error: (_, scale) => absolute + factor * scale,
      limit: (threshold) => lower(threshold - absolute),
      factor: factor * (1 + 2 ** -20),
    };
  }
  return {
    score: (raw, scale) => raw * scale,
    error: () => factor + 2 ** -60 * length, // a row is at least 2^-40 long
    limit: (threshold) => lower(threshold - factor - 2 ** -60 * length),
    factor: 0,
  };
}

function rescore({ memory, layout, similarity, queries, k }: ScanTask, { at, squared, candidates }: Query): Answer {
  candidates.compact();
  const rows = new Float32Array(memory.buffer, layout.rowsAt);
  const { positions, scores, count } = candidates;
  for (let i = 0; i < count; i++) {
    const rowAt = (positions[i]! * layout.stride) / 4;
    scores[i] = exactScore(similarity, queries, at, squared, rows, rowAt, layout.dimension);
  }
  candidates.errors.fill(0);
  candidates.threshold = Number.NEGATIVE_INFINITY;
  return best(candidates, k);
}

/** The k best of candidates with exact scores, and those that equal the last of them. */
function best(candidates: Candidates, k: number): Answer {
  if (candidates.count > k) candidates.compact();
  return {
    positions: candidates.positions.slice(0, candidates.count),
    scores: candidates.scores.slice(0, candidates.count),
  };
}
