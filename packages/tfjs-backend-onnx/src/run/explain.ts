import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EmittedModel } from '../emit/emit.js';
import { type Graph, topological, type Value } from '../ir/graph.js';

/** Folder into which graphs are written that ONNX Runtime refuses. */
const DUMP = 'TFJS_ONNX_DUMP';

const describe = (value: Value | undefined): string => (value === undefined ? '-' : `${value.type}[${value.shape}]`);

/** The place of the node that a message of ONNX Runtime names: n12_Conv is the thirteenth. */
function nodeIndex(reason: string): number | undefined {
  const named = /\bn(\d+)_\w+/.exec(reason)?.[1];
  return named === undefined ? undefined : Number(named);
}

/** The error for a graph that could not be built: which tfjs kernel, on which shapes, why, and where the graph lies. */
export function buildError(cause: unknown, graph: Graph, bytes: Uint8Array): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const computing = topological(graph.outputs).filter((node) => node.op !== 'Input' && node.op !== 'Constant');
  const index = nodeIndex(reason);
  const culprit = index === undefined ? undefined : computing[index];
  const kernels = [...new Set(computing.map((node) => node.origin).filter((origin) => origin !== ''))];
  const where =
    culprit === undefined
      ? ` of kernels ${kernels.slice(0, 8).join(', ')}${kernels.length > 8 ? ' ...' : ''}`
      : ` in kernel ${culprit.origin || culprit.op} on ${culprit.inputs.map(describe).join(', ')}`;
  return new Error(`tfjs-backend-onnx: ONNX Runtime could not build the graph${where}: ${reason}; ${dump(bytes)}`, {
    cause,
  });
}

/** The error for a graph that could not be run. */
export function runError(cause: unknown, nodes: EmittedModel['nodes']): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const index = nodeIndex(reason);
  const node = index === undefined ? undefined : nodes[index];
  const where =
    node === undefined
      ? ''
      : ` in kernel ${node.kernel || node.operator} with result [${node.shape.replaceAll('x', ',')}]`;
  const remedy = /alloc/i.test(reason) ? '; the memory does not suffice: use smaller batches' : '';
  return new Error(`tfjs-backend-onnx: ONNX Runtime could not run the graph${where}: ${reason}${remedy}`, { cause });
}

function dump(bytes: Uint8Array): string {
  const folder = process.env[DUMP];
  if (folder === undefined || folder === '') return `set ${DUMP} to a folder to have the graph written there`;
  const name = `failed-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.onnx`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
    return `the graph was written to ${path.join(folder, name)}`;
  } catch (error) {
    return `the graph could not be written to ${folder}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
