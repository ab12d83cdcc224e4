import { createNode, type Graph, type Node, sizeOf, type Value } from '../ir/graph.js';
import { reshape, unary } from '../ir/ops.js';
import { countUses, rewrite } from './rewrite.js';

/**
 * Adds a bias inside the product that it follows (the third input of Conv and Gemm), also through the reshape that
 * batch-last convolutions end with, and moves that reshape behind a relu, so that ONNX Runtime can fuse the relu.
 */
export function fuseBias(graph: Graph): Graph {
  const uses = countUses(graph);
  /** Products with a bias made by this pass stand for values that were used once. */
  const single = new Set<Value>();
  const once = (value: Value): boolean => single.has(value) || uses.get(value) === 1;

  const fuse = (node: Node, inputs: readonly (Value | undefined)[]): Value | undefined => {
    for (const [i, j] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const sum = inputs[i]!;
      if (!once(node.inputs[i]!)) continue;
      const reshaped = sum.node.op === 'Reshape';
      const product = reshaped ? sum.node.inputs[0]! : sum;
      if ((reshaped && !once(product)) || product.node.inputs.length !== 2 || product.node.domain !== '') continue;
      const bias = fusedBias(product, sum.shape, inputs[j]!);
      if (bias === undefined) continue;
      const { op, attrs, inputs: operands } = product.node;
      const { shape, type } = product;
      const fused = createNode({ op, attrs, inputs: [...operands, bias], outputs: [{ shape, type }] }).outputs[0]!;
      single.add(fused);
      return reshape(fused, sum.shape);
    }
    return undefined;
  };

  return rewrite(graph, (node, inputs) => {
    if (node.op === 'Add') {
      const fused = fuse(node, inputs);
      return fused === undefined ? undefined : [fused];
    }
    if (node.op === 'Relu') {
      const x = inputs[0]!;
      if (x.node.op !== 'Reshape' || x.node.inputs[0]!.node.op !== 'Conv' || !once(node.inputs[0]!)) return undefined;
      return [reshape(unary('Relu', x.node.inputs[0]!), x.shape)];
    }
    return undefined;
  });
}

/** The bias as the product takes it, if `value` is one number per channel of the sum. */
function fusedBias(product: Value, sum: readonly number[], value: Value): Value | undefined {
  const { op } = product.node;
  if (value.type !== 'float32' || sum.length < value.shape.length) return undefined;
  const aligned = [...new Array<number>(sum.length - value.shape.length).fill(1), ...value.shape];
  const along = (axis: number): boolean =>
    sizeOf(value.shape) === sum[axis] && aligned.every((dim, i) => dim === 1 || i === axis);
  if (op === 'Conv') {
    const channels = product.shape[1]!;
    // Batch-last: [1, channels, ...] seen as [channels, ...].
    const axis = product.shape[0] === 1 && sum[0] === channels && sum.length < product.shape.length + 1 ? 0 : 1;
    if (sum[axis] !== channels) return undefined;
    if (axis === 1 && (sum.length !== product.shape.length || sum[0] !== product.shape[0])) return undefined;
    return along(axis) ? reshape(value, [channels]) : undefined;
  }
  if (op === 'Gemm') {
    const last = sum.length - 1;
    return sum[last] === product.shape[1] && along(last) ? reshape(value, [sum[last]!]) : undefined;
  }
  return undefined;
}
