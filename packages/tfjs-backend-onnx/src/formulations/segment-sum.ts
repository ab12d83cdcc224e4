import { constantValue } from '../ir/graph.js';
import { apply, cast, compare, expand, full, reshape } from '../ir/ops.js';
import type { Formulation } from './formulation.js';

/**
 * Rows summed by index, the gradient of a lookup. ONNX Runtime's ScatterND with `reduction=add` would be the obvious
 * form; its CPU kernel adds from several threads without synchronisation and gives wrong sums.
 */

/** A matrix of zeros and ones times the rows: for few rows, or few updates. */
export const segmentSumOneHot: Formulation = {
  composite: 'SegmentSum',
  name: 'one-hot',
  exact: true,
  applies: ({ inputs: [updates] }) => updates!.type === 'float32',
  // An element of the matrix takes as long as 22 multiplications of the product, a number that is scattered as 440.
  pays: ({ inputs: [updates], attrs }) =>
    (attrs['rows'] as number) * (22 + updates!.shape[1]!) < 440 * updates!.shape[1]!,
  write: ([updates, index], attrs) => {
    const rows = attrs['rows'] as number;
    const [count, width] = updates!.shape as [number, number];
    const ramp = constantValue(
      Int32Array.from({ length: rows }, (_, i) => i),
      [rows, 1],
      'int32',
      `ramp${rows}`,
    );
    const hits = cast(compare('Equal', reshape(index!, [1, count]), ramp), 'float32');
    return apply('Gemm', [hits, updates!], [rows, width], 'float32', { transA: 0, transB: 0 });
  },
};

/** ScatterElements adds on one thread; an extra row takes the indices outside of the range. */
export const segmentSumScatter: Formulation = {
  composite: 'SegmentSum',
  name: 'scatter',
  exact: true,
  applies: () => true,
  write: ([updates, index], attrs) => {
    const rows = attrs['rows'] as number;
    const [count, width] = updates!.shape as [number, number];
    const column = reshape(index!, [count, 1]);
    const bound = (value: number) => constantValue(Int32Array.of(value), [], 'int32');
    const inside = apply(
      'And',
      [compare('GreaterOrEqual', column, bound(0)), compare('Less', column, bound(rows))],
      [count, 1],
      'bool',
    );
    const safe = apply('Where', [inside, column, bound(rows)], [count, 1], 'int32');
    const everywhere = expand(safe, [count, width]);
    const sum = apply(
      'ScatterElements',
      [full([rows + 1, width], 0, updates!.type), everywhere, updates!],
      [rows + 1, width],
      updates!.type,
      {
        axis: 0,
        reduction: 'add',
      },
    );
    return apply('Slice', [sum], [rows, width], updates!.type, { starts: [0], ends: [rows], axes: [0], steps: [1] });
  },
};
