import { type EmittedModel, emit } from '../emit/emit.js';
import { type Graph, sizeOf, topological, type Value } from '../ir/graph.js';
import { optimise } from '../passes/optimise.js';
import type { GraphKey } from './key.js';
import { Session } from './session.js';

export interface PlanOptions {
  threads: number;
  exact: boolean;
}

/** A structure made runnable: the session, and which input of the recorded structure feeds which input of the session. */
export interface Plan {
  session: Session;
  feeds: { name: string; position: number; shape: readonly number[]; type: Value['type'] }[];
  outputs: readonly string[];
  /** Shape and type in which each output comes out. */
  results: readonly Value[];
  nodes: EmittedModel['nodes'];
  milliseconds: number;
}

/** Optimises, emits and loads a recorded graph. @throws naming the kernels when ONNX Runtime refuses the graph. */
export function makePlan(
  outputs: readonly Value[],
  { inputs }: GraphKey,
  { threads, exact }: PlanOptions,
  { distinctFrom, profile }: { distinctFrom?: number; profile?: string } = {},
): Plan {
  const start = performance.now();
  const graph = optimise({ outputs }, { exact });
  const model = emit(graph, { distinctFrom });
  const position = new Map(inputs.map(({ source }, i) => [source, i]));
  const feeds = model.inputs.map(({ name, source, shape, type }) => ({
    name,
    position: position.get(source)!,
    shape,
    type,
  }));
  const session = load(model, graph, threadsFor(graph, threads), profile);
  return {
    session,
    feeds,
    outputs: model.outputs,
    results: graph.outputs,
    nodes: model.nodes,
    milliseconds: performance.now() - start,
  };
}

function load(model: EmittedModel, graph: Graph, threads: number, profile: string | undefined): Session {
  try {
    return new Session(model, { threads, profile });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const order = topological(graph.outputs);
    // The message of ONNX Runtime names our nodes: n12_Conv is the thirteenth.
    const named = /n\d+_\w+/.exec(reason)?.[0];
    const index = named === undefined ? -1 : Number(/\d+/.exec(named)![0]);
    const computing = order.filter((node) => node.op !== 'Input' && node.op !== 'Constant');
    const culprit = computing[index];
    const where =
      culprit === undefined
        ? ''
        : ` in kernel ${culprit.origin} on ${culprit.inputs.map((v) => (v ? `${v.type}[${v.shape}]` : '-')).join(', ')}`;
    throw new Error(`tfjs-backend-onnx: ONNX Runtime could not build the graph${where}: ${reason}`);
  }
}

/** Small graphs run on one thread: waking others costs more than they save. */
const SMALL_WORK = 200_000;

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
    if (work > SMALL_WORK) return threads;
  }
  return 1;
}
