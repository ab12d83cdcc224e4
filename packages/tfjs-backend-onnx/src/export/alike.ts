import { ArgumentSource, FillSource, StateSource } from '../compile/sources.js';
import { staticInputs } from '../emit/static-inputs.js';
import { type Attribute, constantNumbers, type Graph, type Node, type Numbers, topological } from '../ir/graph.js';
import { HostSource } from '../memory/host-source.js';
import { type Extent, fitExtent } from './extent.js';
import { variationOf } from './variation.js';

/**
 * Compares graphs of one function, traced at different batch sizes, step by step. They are alike when they differ in
 * nothing but sizes that follow the batch, in places where ONNX takes sizes at run time.
 *
 * @returns the first difference in words, or undefined when there is none.
 */
export function firstDifference(graphs: readonly Graph[], batches: readonly number[]): string | undefined {
  const orders = graphs.map((graph) => topological(graph.outputs));
  const positions = orders.map((order) => new Map(order.map((node, i) => [node, i])));
  const [order] = orders as [Node[], ...Node[][]];
  for (let i = 0; i < order.length; i++) {
    const nodes = orders.map((other) => other[i]);
    if (nodes.some((node) => node === undefined)) return 'the number of steps depends on the batch size';
    const problem = nodeDifference(nodes as Node[], positions, batches);
    if (problem !== undefined) {
      const { origin, op, outputs } = order[i]!;
      return `${problem} (kernel ${origin || op}, result [${outputs[0]!.shape}] at batch size ${batches[0]})`;
    }
  }
  return orders.every((other) => other.length === order.length)
    ? undefined
    : 'the number of steps depends on the batch size';
}

function nodeDifference(
  nodes: readonly Node[],
  positions: readonly ReadonlyMap<Node, number>[],
  batches: readonly number[],
): string | undefined {
  const [first] = nodes as [Node, ...Node[]];
  if (
    nodes.some(
      ({ op, domain, inputs }) => op !== first.op || domain !== first.domain || inputs.length !== first.inputs.length,
    )
  )
    return `its steps depend on the batch size: ${[...new Set(nodes.map((node) => node.op))].join(' or ')}`;
  for (let i = 0; i < first.inputs.length; i++) {
    const wires = nodes.map((node, graph) => {
      const input = node.inputs[i];
      return input === undefined ? '-' : `${positions[graph]!.get(input.node)}.${input.index}`;
    });
    if (wires.some((wire) => wire !== wires[0])) return 'its steps depend on the batch size';
  }
  for (let i = 0; i < first.outputs.length; i++) {
    const shapes = nodes.map((node) => node.outputs[i]!.shape);
    if (shapeExtents(shapes, batches) === undefined)
      return `sizes [${shapes.join('], [')}] at batch sizes ${batches.join(', ')} do not follow the batch size in a straight line`;
  }
  if (first.op === 'Input') return inputDifference(nodes);
  if (first.op === 'Constant') {
    const seen = nodes.map((node) => constantNumbers(node.outputs[0]!));
    return sameNumbers(seen) || variationOf(seen, batches) !== undefined
      ? undefined
      : 'a constant depends on the batch size';
  }
  for (const name of Object.keys(first.attrs)) {
    const seen = nodes.map((node) => node.attrs[name]);
    if (seen.every((value) => sameAttribute(value, seen[0]))) continue;
    // Composites are written out later; their sizes show then.
    const atRunTime = first.domain !== '' || staticInputs[first.op]?.some(({ attribute }) => attribute === name);
    if (atRunTime && attributeExtents(seen, batches) !== undefined) continue;
    return `attribute ${name} of ${first.op} depends on the batch size`;
  }
  return undefined;
}

function inputDifference(nodes: readonly Node[]): string | undefined {
  const sources = nodes.map((node) => node.source);
  const [first] = sources;
  if (sources.every((source) => source === first)) return undefined;
  if (first instanceof ArgumentSource)
    return sources.every((source) => source instanceof ArgumentSource && source.index === first.index)
      ? undefined
      : 'it uses other arguments at other batch sizes';
  if (first instanceof StateSource)
    return sources.every((source) => source instanceof StateSource && source.variable === first.variable)
      ? undefined
      : 'it uses other variables at other batch sizes';
  if (first instanceof FillSource)
    return sources.every((source) => source instanceof FillSource)
      ? undefined
      : 'it uses other inputs at other batch sizes';
  const hosts = sources.filter((source) => source instanceof HostSource);
  return hosts.length === nodes.length && sameNumbers(hosts.map((source) => source.numbers))
    ? undefined
    : 'the function makes a tensor whose numbers depend on the batch size, or that is random';
}

/** The dimensions of a value that was seen with several shapes, or undefined when one does not follow the batch. */
export function shapeExtents(shapes: readonly (readonly number[])[], batches: readonly number[]): Extent[] | undefined {
  const [first] = shapes as [readonly number[]];
  if (shapes.some((shape) => shape.length !== first.length)) return undefined;
  const extents = first.map((_, axis) =>
    fitExtent(
      shapes.map((shape) => shape[axis]!),
      batches,
    ),
  );
  return extents.every((extent) => extent !== undefined) ? extents : undefined;
}

/** The numbers of an attribute that varies, or undefined when it is no list of whole numbers that follow the batch. */
export function attributeExtents(
  seen: readonly (Attribute | undefined)[],
  batches: readonly number[],
): Extent[] | undefined {
  const lists = seen.map((value) => (typeof value === 'number' ? [value] : value));
  return lists.every((list) => Array.isArray(list)) ? shapeExtents(lists as number[][], batches) : undefined;
}

function sameAttribute(a: Attribute | undefined, b: Attribute | undefined): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && a.join() === b.join());
}

export function sameNumbers(seen: readonly Numbers[]): boolean {
  const [first] = seen as [Numbers];
  const bytes = (numbers: Numbers) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return seen.every((numbers) => numbers === first || bytes(numbers).equals(bytes(first)));
}
