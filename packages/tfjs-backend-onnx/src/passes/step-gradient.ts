import type { Graph } from '../ir/graph.js';
import { composite } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/**
 * Recognises the gradient of relu and leaky relu: dy times the step of the activation's input. The step of the input
 * equals the step of the output when alpha is not negative, so the output is read, which other operators keep anyway.
 */
export function stepGradient(graph: Graph): Graph {
  return rewrite(graph, (node, inputs) => {
    if (node.op !== 'Mul') return undefined;
    for (const [i, j] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const dy = inputs[i]!;
      const step = inputs[j]!;
      if (step.node.op !== 'Step' || step.node.domain !== 'crossmodal') continue;
      const { shape, type } = node.outputs[0]!;
      return [composite('StepGradient', [dy, step.node.inputs[0]!], shape, type, step.node.attrs)];
    }
    return undefined;
  });
}
