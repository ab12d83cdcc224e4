import { createNode, type Graph, sizeOf, type Value } from '../ir/graph.js';
import { reshape } from '../ir/ops.js';
import { countUses, rewrite } from './rewrite.js';

/** Adds a bias inside the product that it follows: the third input of Conv and Gemm. */
export function fuseBias(graph: Graph): Graph {
  const uses = countUses(graph);
  return rewrite(graph, (node, inputs) => {
    if (node.op !== 'Add') return undefined;
    for (const [i, j] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const product = inputs[i]!;
      const bias = inputs[j]!;
      const original = node.inputs[i]!;
      if (uses.get(original) !== 1 || product.node.inputs.length !== 2 || product.node.domain !== '') continue;
      const fused = fusedBias(product, bias);
      if (fused === undefined) continue;
      const { op, attrs, inputs: operands } = product.node;
      const { shape, type } = node.outputs[0]!;
      return createNode({ op, attrs, inputs: [...operands, fused], outputs: [{ shape, type }] }).outputs;
    }
    return undefined;
  });
}

/** The bias as the product takes it, if it can. */
function fusedBias(product: Value, bias: Value): Value | undefined {
  const { op } = product.node;
  const { shape } = product;
  if (bias.type !== 'float32' || shape.length < bias.shape.length) return undefined;
  const lead = new Array<number>(shape.length - bias.shape.length).fill(1);
  const aligned = [...lead, ...bias.shape];
  if (op === 'Conv') {
    const channels = shape[1]!;
    const perChannel = sizeOf(bias.shape) === channels && aligned.every((dim, i) => dim === 1 || i === 1);
    return perChannel ? reshape(bias, [channels]) : undefined;
  }
  if (op === 'Gemm') {
    const columns = shape[1]!;
    const perColumn = sizeOf(bias.shape) === columns && aligned[0] === 1;
    return perColumn ? reshape(bias, [columns]) : undefined;
  }
  return undefined;
}
