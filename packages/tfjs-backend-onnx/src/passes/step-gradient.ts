import { type Graph, type Node, sameShape, scalarOf, topological, type Value } from '../ir/graph.js';
import { composite, unary } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/**
 * Recognises the gradients of relu and leaky relu as tfjs writes them: dy times the step of the input, and dy where the
 * input is positive, alpha dy elsewhere. Slopes outside of [0, 1] stay as they are: the form that is written for the
 * others cuts off there.
 */
export function stepGradient(graph: Graph): Graph {
  const activations = activationsOf(graph);
  /** Positive where x is: the result of its activation, where there is one. Then nobody needs x itself any more. */
  const signOf = (original: Value, x: Value): Value => {
    const activation = activations.get(original);
    return activation === undefined ? x : unary(activation.op, x, activation.attrs);
  };
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
        const at = signOf(node.inputs[j]!.node.inputs[0]!, step.node.inputs[0]!);
        return [composite('StepGradient', [dy, at], shape, type, step.node.attrs)];
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
      const at = signOf(node.inputs[0]!.node.inputs[0]!, x);
      return [composite('StepGradient', [dy, at], shape, type, { alpha })];
    }
    return undefined;
  });
}

/** For each argument of a relu or leaky relu, that node. */
function activationsOf(graph: Graph): Map<Value, Node> {
  const activations = new Map<Value, Node>();
  for (const node of topological(graph.outputs)) {
    const leaky = node.op === 'LeakyRelu' && (node.attrs['alpha'] as number) > 0;
    if (node.domain === '' && (node.op === 'Relu' || leaky)) activations.set(node.inputs[0]!, node);
  }
  return activations;
}

const isSlope = (alpha: number): boolean => alpha >= 0 && alpha <= 1;

/** The constant that `product` multiplies `x` by. */
function scaleOf(product: Value, x: Value): number | undefined {
  const [a, b] = product.node.inputs as [Value, Value];
  return a === x ? scalarOf(b) : b === x ? scalarOf(a) : undefined;
}
