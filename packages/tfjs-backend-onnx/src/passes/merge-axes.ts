import type { Graph } from '../ir/graph.js';
import { reshape, transpose } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/**
 * Writes each transpose with as few axes as possible: axes of length one are left out, and neighbours that stay
 * neighbours become one. ONNX Runtime copies runs where the last axis keeps its place, but only if it sees it as one.
 */
export function mergeAxes(graph: Graph): Graph {
  return rewrite(graph, (node, inputs) => {
    if (node.op !== 'Transpose') return undefined;
    const { shape } = node.outputs[0]!;
    const x = inputs[0]!;
    const long = (node.attrs['perm'] as readonly number[]).filter((axis) => x.shape[axis] !== 1);
    // Runs of axes that follow one another both before and after, in the order of the result.
    const runs: number[][] = [];
    for (const axis of long) {
      const run = runs[runs.length - 1];
      const previous = run?.[run.length - 1];
      if (previous !== undefined && follows(previous, axis, x.shape)) run!.push(axis);
      else runs.push([axis]);
    }
    if (runs.length < 2) return [reshape(x, shape)];
    if (runs.length === x.shape.length) return undefined;
    const order = runs.map((_, i) => i).sort((a, b) => runs[a]![0]! - runs[b]![0]!);
    const merged = order.map((run) => runs[run]!.reduce((size, axis) => size * x.shape[axis]!, 1));
    const perm = runs.map((_, i) => order.indexOf(i));
    return [reshape(transpose(reshape(x, merged), perm), shape)];
  });
}

/** Whether only axes of length one lie between two axes. */
function follows(axis: number, next: number, shape: readonly number[]): boolean {
  if (next <= axis) return false;
  return shape.slice(axis + 1, next).every((size) => size === 1);
}
