import { isElementwise, isReduction } from '../ir/elementwise.js';
import { createNode, type Graph, type Node, sameShape, sizeOf, topological, type Value } from '../ir/graph.js';
import { FLEXIBLE, reduce, reshape, transpose } from '../ir/ops.js';
import { inversePermutation, isIdentityPermutation, permuted } from '../ir/shapes.js';
import { rewrite } from './rewrite.js';

/**
 * Chooses the memory order of intermediate results. Convolutions want their own order and bring transposes to and from
 * tfjs's order; elementwise operators, concatenations, slices and paddings work in any order. Such operators that hang
 * together form an island; each island takes the order that saves the most bytes of transposes at its shores, so that
 * chains of convolution, bias, activation and normalisation need none. Reductions read any order.
 */
export function layout(graph: Graph): Graph {
  const islands = findIslands(graph);
  vote(graph, islands);
  /** Values of rewritten islands in the island's order. */
  const inOrder = new Map<Value, Value>();

  return rewrite(graph, (node, inputs) => {
    if (node.op === 'Transpose') return [transpose(inputs[0]!, node.attrs['perm'] as readonly number[])];
    if (node.op === 'Reshape') return [reshape(inputs[0]!, node.attrs['shape'] as readonly number[])];
    if (isReduction(node)) return reduceThrough(node, inputs[0]!);
    const order = islands.get(node)?.order;
    if (order === undefined || isIdentityPermutation(order)) return undefined;
    const rank = order.length;
    const back = inversePermutation(order);
    const moved = inputs.map((value) => {
      if (value === undefined) return undefined;
      const earlier = inOrder.get(value);
      if (earlier !== undefined) return earlier;
      if (sizeOf(value.shape) === 1) return value;
      const aligned = reshape(value, [...new Array<number>(rank - value.shape.length).fill(1), ...value.shape]);
      return transpose(aligned, back);
    });
    const { shape, type } = node.outputs[0]!;
    const result = createNode({
      op: node.op,
      domain: node.domain,
      inputs: moved,
      attrs: moveAttributes(node, order),
      outputs: [{ shape: permuted(shape, back), type }],
    }).outputs[0]!;
    const outside = transpose(result, order);
    inOrder.set(outside, result);
    return [outside];
  });
}

interface Island {
  id: number;
  /** The result in tfjs's order is the transpose of the result in the island's order by this permutation. */
  order: readonly number[];
  votes: Map<string, number>;
}

/** Operators that work in any order, one value out. */
function isFlexible(node: Node): boolean {
  if (node.outputs[0]!.shape.length < 3) return false;
  if (node.domain === FLEXIBLE) return true;
  if (node.domain !== '') return false;
  // Slices and paddings at places that an input says name their axes there.
  const isFixed = node.inputs.length === 1;
  return isElementwise(node) || node.op === 'Concat' || ((node.op === 'Slice' || node.op === 'Pad') && isFixed);
}

/** Inputs that have to be in the island's order; smaller ones are broadcast and follow for free. */
function mainInputs(node: Node): Value[] {
  const { shape } = node.outputs[0]!;
  const inputs = node.inputs.filter((value) => value !== undefined);
  if (!isElementwise(node)) return inputs.slice();
  return inputs.filter((value) => sameShape(value.shape, shape));
}

function findIslands(graph: Graph): Map<Node, Island> {
  const parent = new Map<Node, Node>();
  const root = (node: Node): Node => {
    let top = node;
    while (parent.get(top) !== top) top = parent.get(top)!;
    parent.set(node, top);
    return top;
  };
  const flexible = topological(graph.outputs).filter(isFlexible);
  for (const node of flexible) {
    parent.set(node, node);
    for (const { node: producer, shape } of mainInputs(node)) {
      if (parent.has(producer) && shape.length === node.outputs[0]!.shape.length)
        parent.set(root(producer), root(node));
    }
  }
  const islands = new Map<Node, Island>();
  const byRoot = new Map<Node, Island>();
  for (const node of flexible) {
    const top = root(node);
    let island = byRoot.get(top);
    if (island === undefined) {
      island = { id: byRoot.size, order: node.outputs[0]!.shape.map((_, i) => i), votes: new Map() };
      byRoot.set(top, island);
    }
    islands.set(node, island);
  }
  return islands;
}

/** Each shore of an island votes for an order with the bytes that it would save there. */
function vote(graph: Graph, islands: Map<Node, Island>): void {
  const cast = (island: Island, order: readonly number[], weight: number) => {
    const key = order.join(',');
    island.votes.set(key, (island.votes.get(key) ?? 0) + weight);
  };
  const identity = (rank: number) => Array.from({ length: rank }, (_, i) => i);
  const counted = new Set<string>();
  const once = (key: string): boolean => {
    if (counted.has(key)) return false;
    counted.add(key);
    return true;
  };
  const ids = new Map<Value, number>();
  const idOf = (value: Value): number => {
    if (!ids.has(value)) ids.set(value, ids.size);
    return ids.get(value)!;
  };
  for (const node of topological(graph.outputs)) {
    const island = islands.get(node);
    if (island !== undefined) {
      for (const value of mainInputs(node)) {
        if (islands.get(value.node) === island || value.node.op === 'Constant' || value.node.op === 'Expand') continue;
        const size = sizeOf(value.shape);
        if (value.node.op === 'Transpose') {
          const order = value.node.attrs['perm'] as readonly number[];
          if (once(`in ${island.id} ${idOf(value)} ${order}`)) cast(island, order, size);
        } else if (once(`in ${island.id} ${idOf(value)}`)) cast(island, identity(value.shape.length), size);
      }
      continue;
    }
    for (const value of node.inputs) {
      if (value === undefined) continue;
      const from = islands.get(value.node);
      if (from === undefined || isReduction(node)) continue;
      const size = sizeOf(value.shape);
      if (node.op === 'Transpose') {
        const order = inversePermutation(node.attrs['perm'] as readonly number[]);
        if (once(`out ${idOf(value)} ${order}`)) cast(from, order, size);
      } else if (once(`out ${idOf(value)}`)) cast(from, identity(value.shape.length), size);
    }
  }
  for (const value of graph.outputs) {
    const from = islands.get(value.node);
    if (from !== undefined && once(`out ${idOf(value)}`)) cast(from, identity(value.shape.length), sizeOf(value.shape));
  }
  for (const island of new Set(islands.values())) {
    let best = island.votes.get(island.order.join(',')) ?? 0;
    for (const [key, weight] of island.votes) {
      if (weight <= best) continue;
      best = weight;
      island.order = key.split(',').map(Number);
    }
  }
}

/** Attributes that name axes, for the other order. Axis `a` of the result lies at `order[a]` in the island's order. */
function moveAttributes(node: Node, order: readonly number[]): Node['attrs'] {
  if (node.domain === FLEXIBLE)
    return { ...node.attrs, axes: (node.attrs['axes'] as readonly number[]).map((axis) => order[axis]!) };
  switch (node.op) {
    case 'Concat':
      return { ...node.attrs, axis: order[node.attrs['axis'] as number]! };
    case 'Slice':
      return { ...node.attrs, axes: (node.attrs['axes'] as readonly number[]).map((axis) => order[axis]!) };
    case 'Pad': {
      const pads = node.attrs['pads'] as readonly number[];
      const rank = order.length;
      const back = inversePermutation(order);
      return { ...node.attrs, pads: [...back.map((axis) => pads[axis]!), ...back.map((axis) => pads[rank + axis]!)] };
    }
    default:
      return node.attrs;
  }
}

/** A reduction of a transposed value reduces the original over the moved axes. */
function reduceThrough(node: Node, input: Value): readonly Value[] | undefined {
  if (input.node.op !== 'Transpose') return undefined;
  const order = input.node.attrs['perm'] as readonly number[];
  const axes = node.attrs['axes'] as readonly number[];
  const keepDims = node.attrs['keepdims'] === 1;
  const source = input.node.inputs[0]!;
  const result = reduce(
    node.op,
    source,
    axes.map((axis) => order[axis]!).sort((a, b) => a - b),
    true,
  );
  const inOrder = transpose(result, order);
  return [keepDims ? inOrder : reshape(inOrder, node.outputs[0]!.shape)];
}
