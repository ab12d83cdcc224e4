import { sizeOf } from '../ir/graph.js';
import { apply, reshape, transpose } from '../ir/ops.js';
import { broadcastShapes } from '../ir/shapes.js';
import type { Formulation } from './formulation.js';

/** Products of two matrices, or with one matrix on the right, as a single Gemm. */
export const matMulGemm: Formulation = {
  composite: 'MatMul',
  name: 'gemm',
  exact: true,
  applies: ({ inputs: [a, b], attrs }) => {
    if (a!.type !== 'float32') return false;
    const batchB = sizeOf(b!.shape.slice(0, -2));
    const batchA = sizeOf(a!.shape.slice(0, -2));
    return batchB === 1 && (batchA === 1 || !attrs['transA']);
  },
  write: ([a, b], attrs, shape) => {
    const transA = attrs['transA'] as number;
    const transB = attrs['transB'] as number;
    const flatA = reshape(a!, [sizeOf(a!.shape.slice(0, -1)), a!.shape[a!.shape.length - 1]!]);
    const flatB = reshape(b!, b!.shape.slice(-2));
    const m = flatA.shape[transA ? 1 : 0]!;
    const n = flatB.shape[transB ? 0 : 1]!;
    return reshape(apply('Gemm', [flatA, flatB], [m, n], 'float32', { transA, transB }), shape);
  },
};

/** Any batch shape: transpose explicitly where asked (ONNX Runtime fuses it into the product), then multiply. */
export const matMulBatched: Formulation = {
  composite: 'MatMul',
  name: 'batched',
  exact: true,
  applies: () => true,
  write: ([a, b], attrs, shape) => {
    const swapped = (v: typeof a) => {
      const rank = v!.shape.length;
      const perm = [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
      return transpose(v!, perm);
    };
    const left = attrs['transA'] ? swapped(a) : a!;
    const right = attrs['transB'] ? swapped(b) : b!;
    const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2));
    const result = apply('MatMul', [left, right], [...batch, ...shape.slice(-2)], left.type);
    return reshape(result, shape);
  },
};
