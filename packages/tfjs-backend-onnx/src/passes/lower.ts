import type { Formulation } from '../formulations/formulation.js';
import { formulations } from '../formulations/table.js';
import type { Graph, Value } from '../ir/graph.js';
import { rewrite } from './rewrite.js';

const byComposite = new Map<string, Formulation[]>();
for (const formulation of formulations) {
  const list = byComposite.get(formulation.composite);
  if (list === undefined) byComposite.set(formulation.composite, [formulation]);
  else list.push(formulation);
}

/** Writes every composite in ONNX operators, in the first formulation that applies. */
export function lower(graph: Graph, { exact }: { exact: boolean }): Graph {
  return rewrite(graph, (node, inputs) => {
    if (node.domain !== 'crossmodal') return undefined;
    const candidates = byComposite.get(node.op) ?? [];
    const chosen = candidates.find((f) => (f.exact || !exact) && f.applies(node));
    if (chosen === undefined) throw new Error(`internal: no formulation for ${node.op}`);
    return [chosen.write(inputs as Value[], node.attrs, node.outputs[0]!.shape)];
  });
}
