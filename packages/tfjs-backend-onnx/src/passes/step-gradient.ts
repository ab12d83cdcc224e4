import { type Graph, sameShape, scalarOf, type Value } from '../ir/graph.js';
import { composite } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/**
 * Recognises the gradients of relu and leaky relu as tfjs writes them: dy times the step of the input, and dy where the
 * input is positive, alpha dy elsewhere. Slopes outside of [0, 1] stay as they are: the form that is written for the
 * others cuts off there.
 */
export function stepGradient(graph: Graph): Graph {
  return rewrite(graph, (node, inputs) => {
    const { shape, type } = node.outputs[0]!;
    if (node.op === 'Mul') {
      for (const [i, j] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const dy = inputs[i]!;
        const step = inputs[j]!;
        if (step.node.op !== 'Step' || step.node.domain !== 'crossmodal') continue;
        if (!isSlope(step.node.attrs['alpha'] as number)) continue;
        return [composite('StepGradient', [dy, step.node.inputs[0]!], shape, type, step.node.attrs)];
      }
    }
    if (node.op === 'Where') {
      const [condition, dy, other] = inputs as [Value, Value, Value];
      if (condition.node.op !== 'Greater' || other.node.op !== 'Mul' || !sameShape(dy.shape, shape)) return undefined;
      const [x, zero] = condition.node.inputs as [Value, Value];
      const alpha = scaleOf(other, dy);
      if (
        alpha === undefined ||
        !isSlope(alpha) ||
        scalarOf(zero) !== 0 ||
        !sameShape(x.shape, shape) ||
        x.type !== 'float32'
      )
        return undefined;
      return [composite('StepGradient', [dy, x], shape, type, { alpha })];
    }
    return undefined;
  });
}

const isSlope = (alpha: number): boolean => alpha >= 0 && alpha <= 1;

/** The constant that `product` multiplies `x` by. */
function scaleOf(product: Value, x: Value): number | undefined {
  const [a, b] = product.node.inputs as [Value, Value];
  return a === x ? scalarOf(b) : b === x ? scalarOf(a) : undefined;
}
