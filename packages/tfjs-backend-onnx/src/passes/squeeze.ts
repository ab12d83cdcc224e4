import { isElementwise, isReduction } from '../ir/elementwise.js';
import { type Attributes, createNode, type Graph, type Node, type Value } from '../ir/graph.js';
import { FLEXIBLE, reshape, transpose } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/**
 * Leaves axes of length one out of operations. A one-dimensional convolution is a two-dimensional one with an axis of
 * length one; without it, what comes before and after has the same axes, and one memory order can be chosen for all.
 */
export function squeeze(graph: Graph): Graph {
  return rewrite(graph, (node, operands) => {
    // What was squeezed may be seen in its old shape only to be reshaped again.
    if (node.op === 'Reshape') return [reshape(operands[0]!, node.outputs[0]!.shape)];
    if (!hasAxes(node)) return undefined;
    const output = node.outputs[0]!;
    const rank = rankOf(node);
    const inputs = operands as readonly (Value | undefined)[];
    if (node.inputs.some((value) => value !== undefined && value.shape.length > rank)) return undefined;
    const aligned = inputs.map((value) =>
      value === undefined ? undefined : [...new Array<number>(rank - value.shape.length).fill(1), ...value.shape],
    );
    const shapes = isReduction(node) || node.op === 'Transpose' ? aligned : [...aligned, output.shape];
    const axesLeft = Array.from({ length: rank }, (_, axis) => axis).filter((axis) =>
      shapes.some((shape) => shape !== undefined && shape[axis] !== 1),
    );
    if (axesLeft.length === rank || axesLeft.length === 0) return undefined;
    const small = inputs.map((value, i) =>
      value === undefined
        ? undefined
        : reshape(
            value,
            axesLeft.map((axis) => aligned[i]![axis]!),
          ),
    );
    if (node.op === 'Transpose') {
      const perm = (node.attrs['perm'] as readonly number[]).filter((axis) => axesLeft.includes(axis));
      return [
        reshape(
          transpose(
            small[0]!,
            perm.map((axis) => axesLeft.indexOf(axis)),
          ),
          output.shape,
        ),
      ];
    }
    const attrs = withoutAxes(node, axesLeft);
    if (attrs === undefined) return undefined;
    const shape = isReduction(node)
      ? axesLeft
          .filter((axis) => !(node.attrs['axes'] as readonly number[]).includes(axis))
          .map((axis) => aligned[0]![axis]!)
      : axesLeft.map((axis) => output.shape[axis]!);
    const { op, domain } = node;
    const result = createNode({ op, domain, inputs: small, attrs, outputs: [{ shape, type: output.type }] })
      .outputs[0]!;
    return [reshape(result, output.shape)];
  });
}

function hasAxes(node: Node): boolean {
  if (node.domain === FLEXIBLE) return true;
  if (node.domain !== '') return false;
  const isFixed = node.inputs.length === 1;
  return (
    isElementwise(node) ||
    isReduction(node) ||
    node.op === 'Transpose' ||
    node.op === 'Concat' ||
    ((node.op === 'Slice' || node.op === 'Pad') && isFixed)
  );
}

const rankOf = (node: Node): number =>
  isReduction(node) ? node.inputs[0]!.shape.length : node.outputs[0]!.shape.length;

/** The attributes that name axes, for the axes that are kept; undefined where a reduction keeps nothing to reduce. */
function withoutAxes(node: Node, axesLeft: readonly number[]): Attributes | undefined {
  const { attrs } = node;
  const axes = attrs['axes'] as readonly number[] | undefined;
  const places = axes?.map((_, i) => i).filter((i) => axesLeft.includes(axes[i]!)) ?? [];
  const only = (name: string) => places.map((i) => (attrs[name] as readonly number[])[i]!);
  const moved = places.map((i) => axesLeft.indexOf(axes![i]!));
  if (isReduction(node)) return moved.length === 0 ? undefined : { ...attrs, axes: moved, keepdims: 0 };
  if (node.domain === FLEXIBLE) {
    if (moved.length === 0) return undefined;
    return { ...attrs, axes: moved, ...(attrs['kernel'] === undefined ? {} : { kernel: only('kernel') }) };
  }
  switch (node.op) {
    case 'Concat':
      return { ...attrs, axis: axesLeft.indexOf(attrs['axis'] as number) };
    case 'Slice':
      if (moved.length === 0) return undefined;
      return { ...attrs, axes: moved, starts: only('starts'), ends: only('ends'), steps: only('steps') };
    case 'Pad': {
      const pads = attrs['pads'] as readonly number[];
      const rank = pads.length / 2;
      return {
        ...attrs,
        pads: [...axesLeft.map((axis) => pads[axis]!), ...axesLeft.map((axis) => pads[rank + axis]!)],
      };
    }
    default:
      return attrs;
  }
}
