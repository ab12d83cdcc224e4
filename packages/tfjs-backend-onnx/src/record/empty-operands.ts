import { backend_util, type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { sizeOf } from '../ir/graph.js';

/**
 * The operands of a concatenation without the empty ones, which add nothing; ONNX Runtime gets no empty tensors. All of
 * them when all are empty.
 *
 * @throws when the shapes do not fit.
 */
export function withoutEmpty(operands: TensorInfo[], attrs: NamedAttrMap | undefined): TensorInfo[] {
  const full = operands.filter(({ shape }) => sizeOf(shape) > 0);
  if (full.length === 0 || full.length === operands.length) return operands;
  const [axis = 0] = util.parseAxisParam((attrs?.['axis'] as number | undefined) ?? 0, full[0]!.shape);
  backend_util.assertParamsConsistent(
    operands.map(({ shape }) => shape),
    axis,
  );
  return full;
}

/** Counting without weights: tfjs hands over an empty tensor, of which only the type matters. */
export function withoutWeights(
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap | undefined,
): { inputs: NamedTensorInfoMap; attrs: NamedAttrMap } {
  const { x, weights } = inputs;
  if (weights === undefined || sizeOf(weights.shape) > 0 || sizeOf(x!.shape) === 0)
    return { inputs, attrs: attrs ?? {} };
  return { inputs: { x }, attrs: { ...attrs, weightsType: weights.dtype } };
}
