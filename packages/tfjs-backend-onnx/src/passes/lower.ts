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

export interface LowerOptions {
  /** No formulations that save multiplications at the price of rounding. */
  exact: boolean;
  /** Names of formulations that are taken wherever they apply, whatever the rule says. */
  prefer?: readonly string[];
  /** Weights are constants of the graph, so that what is computed of them alone may be computed now. */
  folds?: boolean;
}

/** Writes every composite in ONNX operators: in a preferred formulation, or in the first that applies and pays. */
export function lower(graph: Graph, { exact, prefer = [] }: LowerOptions): Graph {
  return rewrite(graph, (node, inputs) => {
    if (node.domain !== 'crossmodal') return undefined;
    const candidates = (byComposite.get(node.op) ?? []).filter((f) => (f.exact || !exact) && f.applies(node));
    const chosen =
      candidates.find(({ name }) => prefer.includes(name)) ??
      candidates.find((f) => f.pays === undefined || f.pays(node));
    if (chosen === undefined) throw new Error(`internal: no formulation for ${node.op}`);
    return [chosen.write(inputs as Value[], node.attrs, node.outputs[0]!.shape)];
  });
}
