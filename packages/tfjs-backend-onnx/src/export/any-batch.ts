import type { Traced } from '../compile/program.js';
import { ArgumentSource } from '../compile/sources.js';
import { type Graph, type InputSource, topological, type Value } from '../ir/graph.js';
import { reshape } from '../ir/ops.js';
import { afterLowering, beforeLowering } from '../passes/optimise.js';
import { firstDifference, shapeExtents } from './alike.js';
import { type Extent, sizeAt } from './extent.js';
import { lowerAlike } from './lower-alike.js';
import { symbolic } from './symbolic.js';

/** A graph for any batch size, with the dimensions of what goes in and comes out. */
export interface OpenGraph {
  graph: Graph;
  traced: Traced;
  inputs: ReadonlyMap<InputSource, Extent[]>;
  outputs: Extent[][];
}

/** For functions that split their batch, and refuse others: multiples of the example's. */
const MULTIPLES = [2, 3, 5, 7] as const;

const isPrime = (n: number): boolean => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
};

/**
 * Batch sizes to look at: four, to tell a curve from a coincidence; prime, so that nothing is cut by them unnoticed;
 * three small ones and a larger one, for functions that go another way for few (not above 32: tfjs-layers predicts in
 * parts of 32); none that is a size of something else.
 */
function telling(graph: Graph): number[] {
  const sizes = new Set(topological(graph.outputs).flatMap(({ outputs }) => outputs.flatMap(({ shape }) => shape)));
  const chosen: number[] = [];
  for (let n = 3; chosen.length < 4; n = Math.max(n + 1, chosen.length === 3 ? 23 : 0))
    if (isPrime(n) && !sizes.has(n)) chosen.push(n);
  return chosen;
}

interface Batches {
  /** Follows the function at a batch size. */
  trace: (batch: number) => Traced;
  /** The batch size of the example. */
  unit: number;
  isOpen: (source: ArgumentSource) => boolean;
  /** An input with an open batch dimension, at a batch size. */
  openInput: (batch: number) => Value;
}

/**
 * Follows a function at several batch sizes and writes down how each size in its graph depends on the batch.
 *
 * @throws naming the kernel, when a size stands where ONNX takes no variable size.
 */
export function anyBatch({ trace, unit, isOpen, openInput }: Batches): OpenGraph {
  const primes = telling(completeGraph(trace(unit)));
  const { batches, traces } =
    attempt(trace, primes) ??
    attempt(
      trace,
      MULTIPLES.map((factor) => factor * unit),
    ) ??
    followed(trace, primes); // fails as it did
  const recorded = traces.map((traced) => beforeLowering(completeGraph(traced), { exact: true }));
  let difference = firstDifference(recorded, batches);
  if (difference === undefined) {
    const lowered = lowerAlike(recorded, batches);
    // Memory orders are chosen by size; where the choice depends on the batch, none is made.
    for (const orders of [true, false]) {
      const graphs = lowered.map((graph) => afterLowering(graph, { orders, staged: false }));
      difference = firstDifference(graphs, batches);
      if (difference !== undefined) continue;
      const result = open(graphs, batches, traces[0]!, isOpen, openInput);
      assertAlone(result, trace);
      return result;
    }
  }
  throw new Error(
    `exportOnnx: the batch dimension cannot be left open: ${difference}. Export with dynamicBatch: false, or take the batch size out of the function`,
  );
}

type Trace = Batches['trace'];

const followed = (trace: Trace, batches: readonly number[]) => ({ batches, traces: batches.map(trace) });

function attempt(trace: Trace, batches: readonly number[]): ReturnType<typeof followed> | undefined {
  try {
    return followed(trace, batches);
  } catch {
    return undefined;
  }
}

/** A batch of one is where functions drop an axis (squeeze) or take another way. */
function assertAlone({ outputs }: OpenGraph, trace: Trace): void {
  let alone: Graph;
  try {
    alone = completeGraph(trace(1));
  } catch {
    return; // the function refuses one, as the file will
  }
  alone.outputs.forEach(({ shape }, i) => {
    const expected = outputs[i]?.map((extent) => sizeAt(extent, 1)) ?? [];
    if (expected.join() === shape.join() || expected.some((size) => !Number.isInteger(size))) return;
    throw new Error(
      `exportOnnx: the batch dimension cannot be left open: for a batch of one the function returns [${shape}] where [${expected}] was expected. Name the axes that it drops (tf.squeeze(x, [1])), or export with dynamicBatch: false`,
    );
  });
}

function open(
  graphs: readonly Graph[],
  batches: readonly number[],
  traced: Traced,
  isOpen: (source: ArgumentSource) => boolean,
  openInput: (batch: number) => Value,
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
  if (leader === undefined) {
    // Only the size of the input matters (zerosLike): it is an input none the less.
    leader = openInput(batches[0]!);
    const shapes = batches.map((batch) => [batch, ...leader!.shape.slice(1)]);
    inputs.set(leader.node.source as InputSource, shapeExtents(shapes, batches)!);
  }
  return { graph: symbolic(graphs, batches, leader), traced, inputs, outputs };
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
