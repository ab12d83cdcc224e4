import { type InputSource, topological, type Value } from '../ir/graph.js';

export interface GraphKey {
  /** Equal for graphs of equal structure: operations, attributes, shapes, wiring, outputs. Not the numbers of inputs. */
  key: string;
  /** The inputs in the order in which the structure mentions them. */
  inputs: { source: InputSource; value: Value }[];
  nodes: number;
}

/** Describes the structure of a recorded graph. */
export function graphKey(outputs: readonly Value[]): GraphKey {
  const order = topological(outputs);
  const ids = new Map<object, number>();
  const parts: (number | string)[] = [];
  const inputs: GraphKey['inputs'] = [];
  const sources = new Map<InputSource, number>();
  let next = 0;
  for (const node of order) {
    ids.set(node, next++);
    parts.push(node.signature);
    if (node.op === 'Input') {
      const source = node.source as InputSource;
      let position = sources.get(source);
      if (position === undefined) {
        position = inputs.length;
        sources.set(source, position);
        inputs.push({ source, value: node.outputs[0]! });
      }
      parts.push(position);
      continue;
    }
    for (const input of node.inputs) {
      if (input === undefined) parts.push('-');
      else parts.push(edge(ids, input));
    }
  }
  parts.push('>');
  for (const output of outputs) parts.push(edge(ids, output));
  return { key: parts.join(','), inputs, nodes: order.length };
}

/** Which output of which node, told apart from the plain numbers of signatures. */
function edge(ids: ReadonlyMap<object, number>, { node, index }: Value): string {
  return `${ids.get(node)!}.${index}`;
}
