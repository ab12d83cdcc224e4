import type { Similarity } from '../vector-store.js';
import { sharedKernels, unsharedKernels } from './kernels-module.js';
import { type WasmMemory, webAssembly } from './web-assembly.js';

/**
 * Scores of rows against queries, all in one WebAssembly memory. Addresses and strides are in bytes; a row or query has
 * `stride` bytes, a multiple of 64; scores are written as float32, a line of `scoreStride` bytes per query.
 */
export type Kernel = (
  queries: number,
  queryCount: number,
  rows: number,
  rowCount: number,
  stride: number,
  scores: number,
  scoreStride: number,
) => void;

/**
 * Which of `count` scores pass, four at a time (those after the last are looked at too): their numbers are written to `out`, and
 * counted. `cosine`: score x scale >= limit; `dot`: score + factor x scale >= limit; `euclidean`: score <= limit.
 */
export type Selection = (
  scores: number,
  scales: number,
  count: number,
  limit: number,
  factor: number,
  out: number,
) => number;

export interface Kernels {
  /** For one query. */
  one: Kernel;
  /** For an even number of queries; rows are read, and scores written, in fours. */
  many: Kernel;
  select: Selection;
}

/** Whether threads can see one memory: everywhere in Node, in browsers on pages that are isolated. */
export const canShare = typeof SharedArrayBuffer !== 'undefined';

let compiled: { shared?: object; unshared?: object } = {};

function kernelModule(shared: boolean): object {
  const name = shared ? 'shared' : 'unshared';
  let module = compiled[name];
  if (!module) {
    const text = atob(shared ? sharedKernels : unsharedKernels);
    module = new webAssembly.Module(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    compiled = { ...compiled, [name]: module };
  }
  return module;
}

/** The kernels of a similarity on a memory: scores are q·x, or |q - x|² for `euclidean`. */
export function kernels(memory: WasmMemory, similarity: Similarity): Kernels {
  const shared = canShare && memory.buffer instanceof SharedArrayBuffer;
  const { exports } = new webAssembly.Instance(kernelModule(shared), { rows: { memory } });
  const measure = similarity === 'euclidean' ? 'squared-distance' : 'dot';
  return {
    one: exports[`${measure}-1`] as Kernel,
    many: exports[`${measure}-2`] as Kernel,
    select: exports[`select-${similarity}`] as Selection,
  };
}
