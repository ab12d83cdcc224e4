import { type Graph, sameShape, type Value } from '../ir/graph.js';
import { full } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/**
 * Sums of deviations from a mean are zero: sum(x - mean(x)) = 0. The gradient of every normalisation, as tfjs writes it,
 * has such a sum, where the variance depends on the mean.
 *
 * What is left out is rounding noise, and NaN where x is not finite.
 */
export function zeroSums(graph: Graph): Graph {
  return rewrite(graph, (node, inputs) => {
    const output = node.outputs[0]!;
    if (node.op !== 'ReduceSum' || output.type !== 'float32') return undefined;
    return isDeviation(inputs[0]!, node.attrs['axes'] as readonly number[])
      ? [full(output.shape, 0, 'float32')]
      : undefined;
  });
}

function isDeviation({ node: { op, inputs }, shape }: Value, axes: readonly number[]): boolean {
  if (op !== 'Sub') return false;
  const [x, mean] = inputs as [Value, Value];
  const { op: reduction, attrs, inputs: over } = mean.node;
  if (reduction !== 'ReduceMean' || attrs['keepdims'] !== 1 || over[0] !== x || !sameShape(x.shape, shape))
    return false;
  const averaged = attrs['axes'] as readonly number[];
  return averaged.every((axis) => axes.includes(axis));
}
