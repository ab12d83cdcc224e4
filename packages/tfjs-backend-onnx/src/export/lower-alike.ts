import type { Formulation } from '../formulations/formulation.js';
import { formulations } from '../formulations/table.js';
import { type Graph, type InputSource, inputValue, type Node, topological, type Value } from '../ir/graph.js';
import { rewrite } from '../passes/rewrite.js';
import { settle } from '../passes/settle.js';
import { firstDifference } from './alike.js';

/**
 * Writes composites in standard ONNX operators, for one function at one or several batch sizes: in the first
 * formulation whose operators stay the same at each of them. Formulations that write the batch size into a dilation or
 * a kernel do not. Only exact ones: what saves multiplications here need not be faster where the file runs.
 */
export function lowerAlike(graphs: readonly Graph[], batches: readonly number[]): Graph[] {
  const orders = graphs.map((graph) => topological(graph.outputs));
  const chosen = new Map<Node, Formulation>();
  orders[0]!.forEach((node, i) => {
    if (node.domain !== 'crossmodal') return;
    const nodes = orders.map((order) => order[i]!);
    const candidates = formulations.filter(
      (f) => f.composite === node.op && f.exact && nodes.every((each) => f.applies(each) && (f.pays?.(each) ?? true)),
    );
    const choice =
      candidates.find((f) => {
        const trial = written(f, nodes);
        return isStandard(trial[0]!) && firstDifference(trial, batches) === undefined;
      }) ?? candidates.at(-1)!;
    for (const each of nodes) chosen.set(each, choice);
  });
  return graphs.map((graph) =>
    rewrite(graph, (node, inputs) => {
      const formulation = chosen.get(node);
      if (formulation === undefined) return undefined;
      return [formulation.write(inputs as Value[], node.attrs, node.outputs[0]!.shape)];
    }),
  );
}

const isStandard = (graph: Graph): boolean => topological(graph.outputs).every((node) => node.domain === '');

/** What a formulation writes for the same node at each batch size, on inputs of its own. */
function written(formulation: Formulation, nodes: readonly Node[]): Graph[] {
  const sources = nodes[0]!.inputs.map((): InputSource => ({ kind: 'input' }));
  return nodes.map((node) => {
    const inputs = node.inputs.map(
      (value, i) => (value === undefined ? undefined : inputValue(sources[i]!, value.shape, value.type)) as Value,
    );
    return settle({ outputs: [formulation.write(inputs, node.attrs, node.outputs[0]!.shape)] });
  });
}
