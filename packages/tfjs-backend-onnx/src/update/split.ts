import { type Graph, type InputSource, type Node, sizeOf, topological, type Value } from '../ir/graph.js';
import { withoutReshape } from '../ir/ops.js';
import { LINE, REGION_NUMBERS, UPDATE_OPERATORS } from '../machine-thresholds.js';
import { consumersOf } from '../passes/rewrite.js';
import { type RowSum, rowSumOf } from './row-sum.js';

/**
 * Takes the last part of a training step out of its graph: from the gradients to the new states, optimisers compute
 * element by element. ONNX Runtime would go over the memory once per operator, a kernel of our own goes once in all.
 */

/** Where a step of an update takes an operand from: a vector, a single number, or an earlier step. */
export interface Operand {
  readonly kind: 'vector' | 'scalar' | 'step';
  readonly index: number;
}

export interface Step {
  readonly op: UpdateOperator;
  readonly operands: readonly Operand[];
}

/** New numbers of some states, element by element from vectors of the same length. */
export interface Update {
  readonly size: number;
  readonly vectors: readonly Value[];
  readonly scalars: readonly Value[];
  readonly steps: readonly Step[];
  readonly results: readonly { readonly state: number; readonly operand: Operand }[];
}

export interface SplitGraph {
  /** The outputs before the states, then the states that are left, then what the updates need. */
  readonly graph: Graph;
  readonly updates: readonly Update[];
  /** The states that are left in the graph. */
  readonly left: readonly number[];
  /** What the graph computes for the updates, in the order of its last outputs. */
  readonly handed: readonly Value[];
  /** Vectors of the updates that are summed outside of the graph, from what it hands over. */
  readonly sums: readonly RowSum[];
}

/** Operators that round here as they do in ONNX Runtime; its maximum of 0 and -0 is not WebAssembly's. */
export const updateOperators = ['Abs', 'Add', 'Div', 'Mul', 'Neg', 'Sign', 'Sqrt', 'Sub'] as const;
export type UpdateOperator = (typeof updateOperators)[number];
const operators: ReadonlySet<string> = new Set(updateOperators);

const MOST_OPERANDS = 64;

export interface SplitOptions {
  /** The outputs from here on are states. */
  from: number;
  /** Which state an input of the graph is. */
  stateOf: (source: InputSource) => number | undefined;
  /** Numbers that one update may read and write. */
  most?: number;
}

export function splitUpdates(graph: Graph, { from, stateOf, most = REGION_NUMBERS }: SplitOptions): SplitGraph {
  const members = membersOf(graph, from);
  const updates = clustersOf(graph, from, members, stateOf).filter((update) => pays(update, most));
  const taken = new Set(updates.flatMap(({ results }) => results.map(({ state }) => state)));
  const left = graph.outputs.slice(from).flatMap((_, state) => (taken.has(state) ? [] : [state]));
  const needed = new Set(updates.flatMap(({ vectors, scalars }) => [...vectors, ...scalars]));
  const computed = [...needed].filter(({ node }) => node.op !== 'Input' && node.op !== 'Constant');
  const others = [...graph.outputs.slice(0, from), ...left.map((state) => graph.outputs[from + state]!)];
  const sums = sumsOf(computed, others);
  const summed = new Set(sums.map(({ value }) => value));
  const operands = sums.flatMap(({ updates, index }) => [updates, index]);
  const handed = [...new Set([...computed.filter((value) => !summed.has(value)), ...operands])];
  return { graph: { outputs: [...others, ...handed] }, updates, left, handed, sums };
}

/** The sums of rows among what the updates need, but for those that the graph needs itself. */
function sumsOf(computed: readonly Value[], others: readonly Value[]): RowSum[] {
  const candidates = computed.flatMap((value) => rowSumOf(value) ?? []);
  if (candidates.length === 0) return [];
  const candidateValues = new Set(candidates.map(({ value }) => value));
  const rest = new Set(topological([...others, ...computed.filter((value) => !candidateValues.has(value))]));
  return candidates.filter(({ value }) => !rest.has(value.node));
}

function pays(update: Update, most: number): boolean {
  const { steps, vectors, scalars, results } = update;
  const operands = vectors.length + scalars.length + results.length;
  return steps.length >= UPDATE_OPERATORS && operands <= MOST_OPERANDS && numbersOf(update) <= most;
}

/** Numbers that an update reads and writes, with a line of the cache more for each vector. */
export function numbersOf({ size, vectors, results }: Update): number {
  return (size + LINE) * (vectors.length + results.length);
}

/** The nodes that compute element by element what is read by nodes of the same kind and becomes a state, nothing else. */
function membersOf(graph: Graph, from: number): Set<Node> {
  const order = topological(graph.outputs);
  const readers = consumersOf(graph);
  const results = new Set(graph.outputs.slice(0, from));
  const members = new Set<Node>();
  for (const node of order.reverse()) {
    const value = node.outputs[0]!;
    if (!isUpdateStep(node) || results.has(value)) continue;
    if (readers.get(value)!.every((reader) => reader === null || members.has(reader))) members.add(node);
  }
  return members;
}

function isUpdateStep({ op, domain, inputs, outputs }: Node): boolean {
  const [{ shape, type }] = outputs as [Value];
  const size = sizeOf(shape);
  if (domain !== '' || outputs.length !== 1 || type !== 'float32' || size < 2) return false;
  if (op === 'Reshape') return true;
  return (
    operators.has(op) &&
    inputs.every((input) => {
      if (input?.type !== 'float32') return false;
      const length = sizeOf(input.shape);
      return length === 1 || (length === size && withoutReshape(input).node.op !== 'Constant');
    })
  );
}

/** Members that depend on each other, and those that read a state together with those that write it. */
function clustersOf(
  graph: Graph,
  from: number,
  members: ReadonlySet<Node>,
  stateOf: (source: InputSource) => number | undefined,
): Update[] {
  const parents = new Map<Node | number, Node | number>();
  const root = (key: Node | number): Node | number => {
    const parent = parents.get(key);
    if (parent === undefined || parent === key) return key;
    const top = root(parent);
    parents.set(key, top);
    return top;
  };
  const join = (a: Node | number, b: Node | number) => parents.set(root(a), root(b));
  const order = topological(graph.outputs).filter((node) => members.has(node));
  for (const node of order) {
    for (const input of node.inputs) {
      const leaf = withoutReshape(input!).node;
      if (members.has(input!.node)) join(node, input!.node);
      else if (leaf.op === 'Input' && sizeOf(input!.shape) > 1) {
        const state = stateOf(leaf.source as InputSource);
        if (state !== undefined) join(node, state);
      }
    }
  }
  const written = graph.outputs.slice(from);
  written.forEach((value, state) => {
    if (members.has(value.node)) join(state, value.node);
  });
  const clusters = new Map<Node | number, { nodes: Node[]; states: number[] }>();
  for (const node of order) {
    const cluster = clusters.get(root(node)) ?? { nodes: [], states: [] };
    cluster.nodes.push(node);
    clusters.set(root(node), cluster);
  }
  written.forEach((value, state) => {
    if (members.has(value.node)) clusters.get(root(value.node))!.states.push(state);
  });
  return [...clusters.values()].map(({ nodes, states }) => updateOf(nodes, states, written));
}

function updateOf(nodes: readonly Node[], states: readonly number[], written: readonly Value[]): Update {
  const size = sizeOf(nodes[0]!.outputs[0]!.shape);
  const vectors: Value[] = [];
  const scalars: Value[] = [];
  const steps: Step[] = [];
  const operands = new Map<Value, Operand>();
  const operandOf = (value: Value): Operand => {
    const previous = operands.get(value);
    if (previous !== undefined) return previous;
    const leaf = withoutReshape(value);
    const kind = sizeOf(leaf.shape) === 1 ? 'scalar' : 'vector';
    const list = kind === 'scalar' ? scalars : vectors;
    const position = list.indexOf(leaf);
    const operand: Operand = { kind, index: position < 0 ? list.push(leaf) - 1 : position };
    operands.set(value, operand);
    return operand;
  };
  for (const { op, inputs, outputs } of nodes) {
    const read = inputs.map((input) => operandOf(input!));
    if (op === 'Reshape') {
      operands.set(outputs[0]!, read[0]!);
      continue;
    }
    operands.set(outputs[0]!, { kind: 'step', index: steps.length });
    steps.push({ op: op as UpdateOperator, operands: read });
  }
  const results = states.map((state) => ({ state, operand: operandOf(written[state]!) }));
  return { size, vectors, scalars, steps, results };
}
