import { backend_util } from '@tensorflow/tfjs-core';
import type { Value } from '../ir/graph.js';
import { add, apply, compare, matMul, mul, scalar, unary, where } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';

/** The activations that fused kernels carry by name. */
export function activated(value: Value, call: KernelCall): Value | undefined {
  const activation = attribute<string | undefined>(call, 'activation') ?? 'linear';
  switch (activation) {
    case 'linear':
      return value;
    case 'relu':
      return unary('Relu', value);
    case 'relu6':
      return unary('Clip', value, { min: 0, max: 6 });
    case 'elu':
      return unary('Elu', value);
    case 'sigmoid':
      return unary('Sigmoid', value);
    case 'leakyrelu':
      return unary('LeakyRelu', value, { alpha: attribute<number | undefined>(call, 'leakyreluAlpha') ?? 0.2 });
    case 'prelu': {
      const alpha = call.inputs['preluActivationWeights']!;
      return where(compare('Less', value, scalar(0)), mul(value, alpha), value);
    }
    default:
      return undefined;
  }
}

const product = (call: KernelCall): Value | undefined => {
  const { a, b } = call.inputs;
  if (a!.type !== b!.type || a!.type === 'bool') return undefined;
  const transA = attribute<boolean>(call, 'transposeA');
  const transB = attribute<boolean>(call, 'transposeB');
  const innerA = a!.shape[a!.shape.length - (transA ? 2 : 1)];
  const innerB = b!.shape[b!.shape.length - (transB ? 1 : 2)];
  if (a!.shape.length < 2 || b!.shape.length < 2 || innerA !== innerB) {
    const shapes = `[${a!.shape}]${transA ? ' transposed' : ''} and [${b!.shape}]${transB ? ' transposed' : ''}`;
    throw new Error(`matMul: the inner dimensions of two matrices must match, got ${shapes}`);
  }
  return matMul(a!, b!, transA, transB);
};

export const matmul: Record<string, RecordKernel> = {
  BatchMatMul: product,
  _FusedMatMul: (call) => {
    const result = product(call);
    if (result === undefined) return undefined;
    const { bias } = call.inputs;
    return activated(bias === undefined ? result : add(result, bias), call);
  },
  Einsum: (call) => {
    const equation = attribute<string>(call, 'equation').replace(/\s/g, '');
    const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, call.list.length);
    backend_util.checkEinsumDimSizes(allDims.length, idDims, call.list.map(({ shape }) => ({ shape })) as never);
    if (call.list.some((v) => v.type !== 'float32')) return undefined;
    const [terms, result] = equation.split('->') as [string, string];
    const sizes = new Map<string, number>();
    terms.split(',').forEach((term, i) => {
      [...term].forEach((letter, axis) => {
        sizes.set(letter, call.list[i]!.shape[axis]!);
      });
    });
    const shape = [...result].map((letter) => sizes.get(letter)!);
    return apply('Einsum', call.list, shape, 'float32', { equation });
  },
};
