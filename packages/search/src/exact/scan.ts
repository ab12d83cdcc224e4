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
      kernels: kernels(memory, similarity === 'euclidean' ? 'squared-distance' : 'dot'),
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
  const { memory, layout, begin, end, mask } = task;
  const { dimension, stride, scalesAt, rowsAt } = layout;
  const { kernels, scratch } = workspace(task);
  const scoresAt = scratch + queryBlock * stride;
  const single = queries.length === 1;
  const padded = single ? 1 : Math.ceil(queries.length / 4) * 4;
  const copies = new Float32Array(memory.buffer, scratch, (padded * stride) / 4);
  copies.fill(0);
  queries.forEach(({ at }, i) => {
    copies.set(task.queries.subarray(at, at + dimension), (i * stride) / 4);
  });
  // A block of rows fits half of a small second-level cache, its scores into the scratch; both are even numbers.
  const rowsOfCache = single ? scoreBlock : Math.max(16, 2 * Math.floor(2 ** 16 / stride));
  const block = Math.min(rowsOfCache, 2 * Math.floor(scoreBlock / padded / 2));
  const scores = new Float32Array(memory.buffer, scoresAt, scoreBlock);
  const scales = new Float32Array(memory.buffer, scalesAt, layout.capacity);
  const offer = offering(task, scales);
  for (let from = begin; from < end; from += block) {
    const rows = Math.min(block, end - from);
    if (mask && !mask.subarray(from - begin, from - begin + rows).includes(1)) continue;
    const kernel = single ? kernels.one : kernels.four;
    kernel(scratch, padded, rowsAt + from * stride, rows, stride, scoresAt, 4 * block);
    for (let i = 0; i < queries.length; i++) offer(queries[i]!, scores, i * block, from, rows);
  }
}

type Offer = (query: Query, scores: Float32Array, scoresAt: number, from: number, rows: number) => void;

/** Adds the rows of a block to the candidates of a query. The three loops are the hot ones beside the kernels. */
function offering({ similarity, layout, begin, mask }: ScanTask, scales: Float32Array): Offer {
  // Roundings on the way of a value: its product (or twice its difference, and the square), the sums of a lane, the sums of
  // lanes, the scale; some to spare for the double precision that it is compared with.
  const terms = layout.stride / 16 + 10;
  const relative = (terms * 2 ** -24) / (1 - terms * 2 ** -24);
  // What products may lose that are too small for float32.
  const absolute = layout.dimension * 2 ** -148;
  const allowed = (row: number) => !mask || mask[row - begin] === 1;
  if (similarity === 'cosine') {
    return ({ squared, candidates }, scores, at, from, rows) => {
      // Scores are q·x / |x| here, without the length of the query, so that they are compared by one multiplication.
      const error = relative * Math.sqrt(squared) + 2 ** -60 * Math.sqrt(squared);
      let limit = candidates.threshold - error;
      for (let i = 0; i < rows; i++) {
        const score = scores[at + i]! * scales[from + i]!;
        if (score < limit || !allowed(from + i)) continue;
        candidates.add(from + i, score, error);
        limit = candidates.threshold - error;
      }
    };
  }
  if (similarity === 'dot') {
    return ({ squared, candidates }, scores, at, from, rows) => {
      const error = relative * Math.sqrt(squared);
      for (let i = 0; i < rows; i++) {
        const score = scores[at + i]!;
        const bound = error * scales[from + i]! + absolute;
        if (score + bound < candidates.threshold || !allowed(from + i)) continue;
        candidates.add(from + i, score, bound);
      }
    };
  }
  return ({ candidates }, scores, at, from, rows) => {
    for (let i = 0; i < rows; i++) {
      const score = -scores[at + i]!;
      const bound = absolute - relative * score;
      if (score + bound < candidates.threshold || !allowed(from + i)) continue;
      candidates.add(from + i, score, bound);
    }
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
