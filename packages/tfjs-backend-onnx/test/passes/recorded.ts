import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { traceFunction } from '../../src/compile/program.js';
import { type OnnxBackend, registerOnnxBackend } from '../../src/index.js';
import { isElementwise } from '../../src/ir/elementwise.js';
import { type Graph, sizeOf, topological } from '../../src/ir/graph.js';

export async function startBackend(): Promise<void> {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
}

/** The graph that tfjs records for a function of tensors of these shapes, variables included, before any pass. */
export function recorded(fn: (...args: tf.Tensor[]) => unknown, shapes: readonly (readonly number[])[]): Graph {
  const args = shapes.map((shape) => tf.zeros(shape as number[]));
  // The first call creates what an optimiser keeps.
  tf.dispose(tf.tidy(() => fn(...args) as tf.TensorContainer));
  const { outputs } = traceFunction(tf.backend() as OnnxBackend, fn as (...args: unknown[]) => unknown, args);
  tf.dispose(args);
  return { outputs };
}

/** How often each elementwise operator occurs with a result of at least `size` elements. */
export function large(graph: Graph, size: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const node of topological(graph.outputs)) {
    if (!isElementwise(node) || sizeOf(node.outputs[0]!.shape) < size) continue;
    counts[node.op] = (counts[node.op] ?? 0) + 1;
  }
  return counts;
}

export const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, n) => sum + n, 0);
