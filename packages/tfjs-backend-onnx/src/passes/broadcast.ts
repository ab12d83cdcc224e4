import { isElementwise } from '../ir/elementwise.js';
import {
  constantNumbers,
  createNode,
  type Graph,
  isConstant,
  type Node,
  sameShape,
  sizeOf,
  type Value,
} from '../ir/graph.js';
import { expand, reshape } from '../ir/ops.js';
import { broadcastShapes } from '../ir/shapes.js';
import { rewrite } from './rewrite.js';

/**
 * Never writes out what broadcasting can read small. tfjs's gradients multiply by tensors of ones and tile statistics
 * to full size; elementwise operators take the small value instead, and multiplying by one or adding zero disappears.
 */
export function broadcast(graph: Graph): Graph {
  return rewrite(graph, (node, inputs) => {
    // A reshape of a reshape is one.
    if (node.op === 'Reshape') return [reshape(inputs[0]!, node.outputs[0]!.shape)];
    if (!isElementwise(node)) return undefined;
    const { shape, type } = node.outputs[0]!;
    const small = inputs.map((value) => (value?.node.op === 'Expand' ? value.node.inputs[0] : value));
    const neutral = neutralOperand(node, small);
    if (neutral !== undefined) return [expand(neutral, shape)];
    if (small.every((value, i) => value === inputs[i])) return undefined;
    const reached = broadcastShapes(...small.map((value) => value?.shape ?? []));
    const result = createNode({ op: node.op, inputs: small, attrs: node.attrs, outputs: [{ shape: reached, type }] })
      .outputs[0]!;
    // When every operand was expanded, the operation itself is done on the small values.
    return [sameShape(reached, shape) ? result : expand(result, shape)];
  });
}

/** The other operand, where one operand changes nothing: x * 1, x / 1, x + 0, x - 0. */
function neutralOperand(node: Node, inputs: readonly (Value | undefined)[]): Value | undefined {
  const [a, b] = inputs;
  if (inputs.length !== 2 || a === undefined || b === undefined || a.type !== node.outputs[0]!.type) return undefined;
  const isNumber = (value: Value, number: number) =>
    isConstant(value) &&
    sizeOf(value.shape) === 1 &&
    value.shape.length <= node.outputs[0]!.shape.length &&
    Number(constantNumbers(value)[0]) === number;
  switch (node.op) {
    case 'Mul':
      return isNumber(b, 1) ? a : isNumber(a, 1) ? b : undefined;
    case 'Div':
      return isNumber(b, 1) ? a : undefined;
    case 'Add':
      return isNumber(b, 0) ? a : isNumber(a, 0) ? b : undefined;
    case 'Sub':
      return isNumber(b, 0) ? a : undefined;
    default:
      return undefined;
  }
}
