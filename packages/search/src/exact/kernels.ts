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

export interface Kernels {
  /** For one query. */
  one: Kernel;
  /** For a number of queries that is a multiple of 4; of an odd number of rows, the one after the last is read too. */
  four: Kernel;
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

/** The kernels of a measure on a memory: `dot` q·x, `squared-distance` |q - x|². */
export function kernels(memory: WasmMemory, measure: 'dot' | 'squared-distance'): Kernels {
  const shared = canShare && memory.buffer instanceof SharedArrayBuffer;
  const { exports } = new webAssembly.Instance(kernelModule(shared), { rows: { memory } });
  return { one: exports[`${measure}-1`] as Kernel, four: exports[`${measure}-4`] as Kernel };
}
