import type { Traced } from '../compile/program.js';
import { ArgumentSource } from '../compile/sources.js';
import { type Graph, type InputSource, topological, type Value } from '../ir/graph.js';
import { reshape } from '../ir/ops.js';
import { afterLowering, beforeLowering } from '../passes/optimise.js';
import { firstDifference, shapeExtents } from './alike.js';
import type { Extent } from './extent.js';
import { lowerAlike } from './lower-alike.js';
import { symbolic } from './symbolic.js';

/** A graph for any batch size, with the dimensions of what goes in and comes out. */
export interface OpenGraph {
  graph: Graph;
  traced: Traced;
  inputs: ReadonlyMap<InputSource, Extent[]>;
  outputs: Extent[][];
}

/**
 * Batch sizes to look at, in units of the caller's: three to tell a straight line from a coincidence, the second three
 * for functions in which a size of the first happens to be a size of something else.
 */
const ATTEMPTS = [
  [2, 3, 4],
  [5, 7, 11],
] as const;

/**
 * Follows a function at several batch sizes and writes down how each size in its graph depends on the batch.
 *
 * @param trace follows the function at a batch size; @param unit a batch size that the function accepts: multiples of it
 * are tried, so a function may split its batch.
 * @throws naming the kernel, when a size stands where ONNX takes no variable size.
 */
export function anyBatch(
  trace: (batch: number) => Traced,
  { unit, isOpen }: { unit: number; isOpen: (source: ArgumentSource) => boolean },
): OpenGraph {
  let difference = '';
  for (const factors of ATTEMPTS) {
    const batches = factors.map((factor) => factor * unit);
    const traces = batches.map(trace);
    const recorded = traces.map((traced) => beforeLowering(completeGraph(traced), { exact: true }));
    difference = firstDifference(recorded, batches) ?? '';
    if (difference !== '') continue;
    const lowered = lowerAlike(recorded, batches);
    // Memory orders are chosen by size; where the choice depends on the batch, none is made.
    for (const orders of [true, false]) {
      const graphs = lowered.map((graph) => afterLowering(graph, { orders }));
      difference = firstDifference(graphs, batches) ?? '';
      if (difference === '') return open(graphs, batches, traces[0]!, isOpen);
    }
  }
  throw new Error(
    `exportOnnx: the batch dimension cannot be left open: ${difference}. Export with dynamicBatch: false, or take the batch size out of the function`,
  );
}

function open(
  graphs: readonly Graph[],
  batches: readonly number[],
  traced: Traced,
  isOpen: (source: ArgumentSource) => boolean,
): OpenGraph {
  const orders = graphs.map((graph) => topological(graph.outputs));
  const inputs = new Map<InputSource, Extent[]>();
  let leader: Value | undefined;
  orders[0]!.forEach((node, i) => {
    if (node.op !== 'Input') return;
    const shapes = orders.map((order) => order[i]!.outputs[0]!.shape);
    inputs.set(node.source as InputSource, shapeExtents(shapes, batches)!);
    if (node.source instanceof ArgumentSource && isOpen(node.source)) leader ??= node.outputs[0]!;
  });
  const outputs = graphs[0]!.outputs.map((_, i) => {
    const shapes = graphs.map((graph) => graph.outputs[i]!.shape);
    return shapeExtents(shapes, batches)!;
  });
  const graph = leader === undefined ? graphs[0]! : symbolic(graphs, batches, leader);
  return { graph, traced, inputs, outputs };
}

/** The graph for the sizes at which the function was followed. */
export function fixedBatch(traced: Traced) {
  const [lowered] = lowerAlike([beforeLowering(completeGraph(traced), { exact: true })], [1]);
  return { graph: afterLowering(lowered!), traced, inputs: undefined, outputs: undefined };
}

/** The results and the next values of variables, each in its own shape. */
function completeGraph({ outputs, shapes, states }: Traced): Graph {
  return { outputs: outputs.map((value, i) => reshape(value, shapes[i] ?? states[i - shapes.length]!.shape)) };
}
