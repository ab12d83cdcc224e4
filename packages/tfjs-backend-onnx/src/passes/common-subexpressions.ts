import { type Graph, type InputSource, type Node, type Value, withInputs } from '../ir/graph.js';
import { rewrite } from './rewrite.js';

/** Computes equal things once: same operation, same attributes, same inputs. */
export function commonSubexpressions(graph: Graph): Graph {
  const outputsByKey = new Map<string, readonly Value[]>();
  const ids = new Map<Node, number>();
  const sources = new Map<InputSource, number>();
  const idOf = (node: Node): number => {
    let id = ids.get(node);
    if (id === undefined) {
      id = ids.size;
      ids.set(node, id);
    }
    return id;
  };
  return rewrite(graph, (node, inputs) => {
    let key = `${node.signature}`;
    if (node.op === 'Input') {
      const source = node.source as InputSource;
      if (!sources.has(source)) sources.set(source, sources.size);
      key += `@${sources.get(source)}`;
    }
    for (const input of inputs) key += input === undefined ? ',-' : `,${idOf(input.node)}.${input.index}`;
    const earlier = outputsByKey.get(key);
    if (earlier !== undefined) return earlier;
    const isUnchanged = inputs.every((input, i) => input === node.inputs[i]);
    const outputs = isUnchanged ? node.outputs : withInputs(node, inputs).outputs;
    outputsByKey.set(key, outputs);
    return outputs;
  });
}
