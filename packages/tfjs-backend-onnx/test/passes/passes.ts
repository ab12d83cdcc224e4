import { expect } from 'vitest';
import type { Graph } from '../../src/ir/graph.js';
import { lower } from '../../src/passes/lower.js';
import { evaluate } from '../evaluate.js';

/** In the plainest forms, none of which saves multiplications. */
const written = (graph: Graph): Graph => lower(graph, { exact: false, prefer: ['direct', 'transposed', 'swapped'] });

/** Shapes, types and numbers of a graph's outputs stay what they are without the pass. Returns the graph after it. */
export function unchanged(pass: (graph: Graph) => Graph, graph: Graph, rtol = 1e-6): Graph {
  const after = pass(graph);
  expect(after.outputs.map(({ shape, type }) => `${type}[${shape}]`)).toEqual(
    graph.outputs.map(({ shape, type }) => `${type}[${shape}]`),
  );
  const expected = evaluate(written(graph));
  evaluate(written(after)).forEach((numbers, i) => {
    const [actual, truth] = [numbers, expected[i]!].map((list) => Float64Array.from(list as Float32Array));
    expect(actual!).toBeAllclose(truth!, { rtol, atol: rtol });
  });
  return after;
}
