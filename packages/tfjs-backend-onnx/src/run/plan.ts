import type { Tensor } from 'onnxruntime-common';
import { type EmittedModel, emit } from '../emit/emit.js';
import { type Graph, sizeOf, topological, type Value } from '../ir/graph.js';
import { machineMemory } from '../machine-memory.js';
import { PLANNED_BYTES, WORK_OF_ONE_THREAD } from '../machine-thresholds.js';
import type { LowerOptions } from '../passes/lower.js';
import { optimise } from '../passes/optimise.js';
import { buildError, runError } from './explain.js';
import type { GraphKey } from './key.js';
import { adviseLargePages } from './large-pages.js';
import { AsyncSession, type Memory, Session } from './session.js';
import { worthStopping } from './uncopied.js';

export interface PlanOptions extends LowerOptions {
  threads: number;
}

/** A structure made runnable: the session, and which input of the recorded structure feeds which input of the session. */
export interface Plan<S = Session> {
  session: S;
  feeds: { name: string; position: number; shape: readonly number[]; type: Value['type'] }[];
  outputs: readonly string[];
  /** Shape and type in which each output comes out. */
  results: readonly Pick<Value, 'shape' | 'type'>[];
  nodes: EmittedModel['nodes'];
  milliseconds: number;
}

export interface PlanExtra {
  distinctFrom?: number;
  profile?: string;
  /** The graph runs many times in a row, so its memory stays with it. */
  repeated?: boolean;
  /** The weights are constants of the graph. */
  packs?: boolean;
  /** What becomes of the graph before it is written. */
  split?: (graph: Graph) => Graph;
}

/** Optimises, emits and loads a recorded graph. @throws naming the kernels when ONNX Runtime refuses the graph. */
export function makePlan(outputs: readonly Value[], key: GraphKey, options: PlanOptions, extra: PlanExtra = {}): Plan {
  const start = performance.now();
  const { model, graph, plan, threads } = prepare(outputs, key, options, extra, true);
  const memory = extra.repeated ? memoryFor(graph) : 'returned';
  if (memory === 'kept') adviseLargePages();
  try {
    const session = new Session(model, { threads, memory, packs: extra.packs, profile: extra.profile });
    return { ...plan, session, milliseconds: performance.now() - start };
  } catch (error) {
    throw buildError(error, graph, model.bytes);
  }
}

/** The same for a session that computes later. */
export async function makeAsyncPlan(
  outputs: readonly Value[],
  key: GraphKey,
  options: PlanOptions,
): Promise<Plan<AsyncSession>> {
  const start = performance.now();
  const { model, graph, plan, threads } = prepare(outputs, key, options, {}, false);
  try {
    const session = await AsyncSession.create(model, { threads, memory: 'returned' });
    return { ...plan, session, milliseconds: performance.now() - start };
  } catch (error) {
    throw buildError(error, graph, model.bytes);
  }
}

function prepare(
  outputs: readonly Value[],
  { inputs }: GraphKey,
  { threads, ...options }: PlanOptions,
  { distinctFrom, packs = false, split = (whole) => whole }: PlanExtra,
  synchronous: boolean,
) {
  const graph = split(optimise({ outputs }, packs ? packedOptions(options) : options));
  assertFits(graph);
  const model = emit(graph, { distinctFrom, stop: synchronous && worthStopping(graph) });
  const position = new Map(inputs.map(({ source }, i) => [source, i]));
  const feeds = model.inputs.map(({ name, source, shape, type }) => ({
    name,
    position: position.get(source)!,
    shape,
    type,
  }));
  const plan = {
    feeds,
    outputs: model.outputs,
    results: graph.outputs.map(({ shape, type }) => ({ shape, type })),
    nodes: model.nodes,
  };
  return { model, graph, plan, threads: threadsFor(graph, threads) };
}

/** ONNX Runtime's own forms are the fastest where it can pack the weights: it takes convolutions as they are. */
function packedOptions(options: LowerOptions): LowerOptions {
  return { ...options, prefer: [...(options.prefer ?? []), 'direct'], folds: true };
}

/** Runs a plan, which writes into the memory of the fetches. @throws naming the kernel when ONNX Runtime fails. */
export function runPlan(
  { session, nodes }: Plan,
  feeds: Record<string, Tensor>,
  fetches: Record<string, Tensor>,
): void {
  try {
    session.run(feeds, fetches);
  } catch (error) {
    throw runError(error, nodes);
  }
}

/** What a graph that runs many times does with its memory. */
export function memoryFor(graph: Graph): Memory {
  let bytes = 0;
  for (const { op, outputs } of topological(graph.outputs)) {
    if (op === 'Input' || op === 'Constant' || op === 'Reshape') continue;
    for (const value of outputs) bytes += bytesOf(value);
  }
  return bytes < PLANNED_BYTES ? 'planned' : 'kept';
}

/** @throws when a single result is larger than the memory: where the system promises more than it has, writing it would end the process. */
function assertFits(graph: Graph): void {
  const memory = machineMemory();
  for (const { outputs, origin, op } of topological(graph.outputs)) {
    for (const value of outputs) {
      const bytes = bytesOf(value);
      if (bytes <= memory) continue;
      throw new Error(
        `tfjs-backend-onnx: too little memory in kernel ${origin || op} with result [${value.shape}]: it takes ${bytes} bytes, the machine has ${memory}; use smaller batches`,
      );
    }
  }
}

function bytesOf({ shape, type }: Value): number {
  return sizeOf(shape) * (type === 'bool' ? 1 : 4);
}

/** Small graphs run on one thread: waking others costs more than they save. */
function threadsFor(graph: Graph, threads: number): number {
  let work = 0;
  for (const node of topological(graph.outputs)) {
    if (node.op === 'Input' || node.op === 'Constant') continue;
    let size = 0;
    for (const output of node.outputs) size += sizeOf(output.shape);
    if (node.op === 'MatMul' || node.op === 'Gemm')
      size *= Math.max(1, (node.inputs[0]!.shape[node.attrs['transA'] ? 0 : 1] ?? 1) / 16);
    if (node.op === 'Conv' || node.op === 'ConvTranspose')
      size *= Math.max(1, sizeOf(node.inputs[1]!.shape) / node.inputs[1]!.shape[0]! / 16);
    work += size;
    if (work > WORK_OF_ONE_THREAD) return threads;
  }
  return 1;
}
