import { flexibleOperations } from '../formulations/flexible.js';
import type { Graph, Value } from '../ir/graph.js';
import { FLEXIBLE } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/** Writes operations that work in any memory order in ONNX operators, once their order is known. */
export function settle(graph: Graph): Graph {
  return rewrite(graph, (node, inputs) => {
    if (node.domain !== FLEXIBLE) return undefined;
    return [flexibleOperations[node.op]!(inputs as readonly Value[], node.attrs, node.outputs[0]!.shape)];
  });
}
