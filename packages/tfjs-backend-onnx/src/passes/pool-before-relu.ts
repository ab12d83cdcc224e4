import type { Graph, Value } from '../ir/graph.js';
import { composite, unary } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/**
 * Max-pools before relu instead of after it: the largest of the positive parts is the positive part of the largest, and
 * relu and its gradient see a fraction of the elements. Exact, gradients included: where the largest element is not
 * positive, nothing flows either way; where it is, the first largest element is the same one.
 */
export function poolBeforeRelu(graph: Graph): Graph {
  /** The argument of a relu that is pooled. */
  const under = (value: Value): Value | undefined =>
    value.node.op === 'Relu' && value.node.domain === '' ? value.node.inputs[0] : undefined;

  return rewrite(graph, (node, inputs) => {
    if (node.domain !== 'crossmodal') return undefined;
    const { shape } = node.outputs[0]!;
    if (node.op === 'MaxPool') {
      const x = under(inputs[0]!);
      if (x === undefined) return undefined;
      return [unary('Relu', composite('MaxPool', [x], shape, 'float32', node.attrs))];
    }
    if (node.op === 'StepGradient' && node.attrs['alpha'] === 0) {
      const [gradient, at] = inputs as [Value, Value];
      const { op, domain, inputs: pooled, attrs } = gradient.node;
      if (op !== 'MaxPoolGradient' || domain !== 'crossmodal') return undefined;
      const [dy, relu, positive] = pooled as [Value, Value, Value];
      const x = under(relu);
      const y = under(positive);
      if (x === undefined || y === undefined || (at !== relu && at !== x)) return undefined;
      // Rewritten above; a gradient may have been given something else than the maxima.
      if (y.node.op !== 'MaxPool' || y.node.inputs[0] !== x) return undefined;
      const through = composite('StepGradient', [dy, positive], dy.shape, 'float32', { alpha: 0 });
      return [composite('MaxPoolGradient', [through, x, y], shape, 'float32', attrs)];
    }
    return undefined;
  });
}
