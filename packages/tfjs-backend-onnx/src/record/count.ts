import type { DataType } from '@tensorflow/tfjs-core';
import { constantValue, type ElementType, sizeOf, type Value } from '../ir/graph.js';
import { add, binary, cast, compare, composite, full, reduce, reshape, scalar, where } from '../ir/ops.js';
import { attribute, checked, type KernelCall, type RecordKernel } from './kernel.js';

/** Without weights each value counts once, in the type that the weights would have. */
function weightsOf(call: KernelCall, shape: readonly number[]): Value | undefined {
  const { weights } = call.inputs;
  if (weights !== undefined) return weights.type === 'bool' ? undefined : weights;
  const type = attribute<DataType | undefined>(call, 'weightsType') ?? 'float32';
  return type === 'float32' || type === 'int32' ? full(shape, 1, type as ElementType) : undefined;
}

/** Sums of weights per value. Values from `rows` on are not counted. */
function count(values: Value, weights: Value, rows: number): Value {
  const n = sizeOf(values.shape);
  const sums = composite('SegmentSum', [reshape(weights, [n, 1]), reshape(values, [n])], [rows, 1], weights.type, {
    rows,
  });
  return reshape(sums, [rows]);
}

/** As in tfjs a negative value is an error; it shows when the graph runs. */
const nonNegative = (x: Value): Value => checked(x, compare('GreaterOrEqual', x, scalar(0, 'int32')));

const flat: RecordKernel = (call) => {
  const x = nonNegative(cast(call.inputs['x']!, 'int32'));
  const size = attribute<number>(call, 'size');
  const weights = weightsOf(call, x.shape);
  return weights && count(x, weights, size);
};

export const counting: Record<string, RecordKernel> = {
  Bincount: flat,
  DenseBincount: (call) => {
    const values = call.inputs['x']!;
    const binaryOutput = Boolean(attribute<boolean | undefined>(call, 'binaryOutput'));
    const size = attribute<number>(call, 'size');
    if (values.shape.length === 1) return flat(call);
    if (values.shape.length !== 2) return undefined;
    const [rows, columns] = values.shape as [number, number];
    const x = nonNegative(cast(values, 'int32'));
    const own = weightsOf(call, x.shape);
    if (own === undefined) return undefined;
    const weights = binaryOutput ? full(x.shape, 1, own.type) : own;
    // Each row has its own range of values; what is outside of the range stays outside.
    const offsets = constantValue(
      Int32Array.from({ length: rows }, (_, row) => row * size),
      [rows, 1],
      'int32',
    );
    const isCounted = compare('Less', x, scalar(size, 'int32'));
    const places = reshape(where(isCounted, add(x, offsets), scalar(-1, 'int32')), [rows * columns]);
    const sums = reshape(count(places, reshape(weights, [rows * columns]), rows * size), [rows, size]);
    return binaryOutput ? binary('Min', sums, scalar(1, weights.type)) : sums;
  },
  /** How many sorted numbers are smaller (`left`), or not larger (`right`), than each value. */
  SearchSorted: (call) => {
    const { sortedSequence: sorted, values } = call.inputs as { sortedSequence: Value; values: Value };
    if (sorted.type !== values.type || sorted.type === 'bool') return undefined;
    const [rows, n] = sorted.shape as [number, number];
    const count = values.shape[1]!;
    if (rows * n * count > 2 ** 24) return undefined;
    const before = compare(
      attribute<string>(call, 'side') === 'left' ? 'Less' : 'LessOrEqual',
      reshape(sorted, [rows, 1, n]),
      reshape(values, [rows, count, 1]),
    );
    return reduce('ReduceSum', cast(before, 'int32'), [2], false);
  },
};
