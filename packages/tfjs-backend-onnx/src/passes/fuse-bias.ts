import { createNode, type Graph, type Node, sameShape, sizeOf, type Value } from '../ir/graph.js';
import { add, reshape, unary } from '../ir/ops.js';
import { countUses, rewrite } from './rewrite.js';

/**
 * Adds a bias inside the product that it follows (the third input of Conv and Gemm), also through the reshape that
 * batch-last convolutions end with, and moves that reshape behind a relu, so that ONNX Runtime can fuse the relu.
 * Without `exact`, also from behind another sum: (x v + h w) + b = x v + (h w + b).
 */
export function fuseBias(graph: Graph, { exact = true }: { exact?: boolean } = {}): Graph {
  const uses = countUses(graph);
  /** What a value stands for in the graph as it was. */
  const originals = new Map<Value, Value>();
  /** Products with a bias made by this pass stand for values that were used once. */
  const single = new Set<Value>();
  const once = (value: Value): boolean => single.has(value) || uses.get(originals.get(value) ?? value) === 1;

  const fuse = (inputs: readonly (Value | undefined)[]): Value | undefined => {
    for (const [i, j] of sides) {
      const sum = inputs[i]!;
      if (!once(sum)) continue;
      if (!exact && sum.node.op === 'Add' && sameShape(sum.shape, sum.node.inputs[0]!.shape)) {
        const fused = fuseBehind(sum.node, inputs[j]!);
        if (fused !== undefined) return fused;
      }
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

  const fuseBehind = ({ inputs }: Node, bias: Value): Value | undefined => {
    if (!sameShape(inputs[0]!.shape, inputs[1]!.shape)) return undefined;
    for (const [i, j] of sides) {
      const [product, other] = [inputs[i]!, inputs[j]!];
      const { op, attrs, inputs: operands } = product.node;
      if (op !== 'Gemm' || operands.length !== 2 || !once(product)) continue;
      const addend = fusedBias(product, product.shape, bias);
      if (addend === undefined) continue;
      const outputs = [{ shape: product.shape, type: product.type }];
      const fused = createNode({ op, attrs, inputs: [...operands, addend], outputs }).outputs[0]!;
      return add(fused, other);
    }
    return undefined;
  };

  return rewrite(graph, (node, inputs) => {
    node.inputs.forEach((value, i) => {
      if (value !== undefined && value !== inputs[i]) originals.set(inputs[i]!, value);
    });
    if (node.op === 'Add') {
      const fused = fuse(inputs);
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

const sides = [
  [0, 1],
  [1, 0],
] as const;

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
