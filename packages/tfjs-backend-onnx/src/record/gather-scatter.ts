import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { constantValue, createNode, type ElementType, sizeOf, type Value } from '../ir/graph.js';
import {
  add,
  apply,
  cast,
  compare,
  composite,
  constant,
  expand,
  gather,
  mul,
  numbersOf,
  reshape,
  scalar,
  transpose,
  where,
} from '../ir/ops.js';
import { stridesOf } from '../ir/shapes.js';
import { HostSource } from '../memory/host-source.js';
import { attribute, axesOf, type KernelCall, type RecordKernel } from './kernel.js';

/** 0, 1, ..., n - 1 along one axis of an otherwise flat shape. */
function ramp(n: number, shape: readonly number[]): Value {
  const values = Int32Array.from({ length: n }, (_, i) => i);
  return constantValue(values, shape, 'int32', `ramp${n}`);
}

/** tfjs's shape checks read shape, rank and type. */
function described({ shape, type }: Value): TensorInfo {
  return { shape: shape.slice(), rank: shape.length, dtype: type, dataId: {} } as unknown as TensorInfo;
}

/** Indices that are known already are checked at once, few enough not to matter; others when the graph runs. */
function checkRange(indices: Value, size: number): void {
  const { source } = indices.node;
  if (!(source instanceof HostSource) || source.numbers.length > 4096) return;
  for (const index of source.numbers as Int32Array) {
    if (index < 0 || index >= size) throw new Error(`GatherV2: the index value ${index} is not in [0, ${size - 1}]`);
  }
}

function gatherV2(call: KernelCall): Value | undefined {
  const { x, indices } = call.inputs as { x: Value; indices: Value };
  const [axis = 0] = axesOf(attribute<number>(call, 'axis'), x.shape.length);
  const batchDims = attribute<number | undefined>(call, 'batchDims') ?? 0;
  const size = x.shape[axis]!;
  checkRange(indices, size);
  backend_util.segment_util.collectGatherOpShapeInfo(
    { shape: x.shape } as never,
    { shape: indices.shape } as never,
    axis,
    batchDims,
  );
  const index = cast(indices, 'int32');
  if (batchDims === 0) return gather(x, index, axis);
  // Batch axes become part of the index: [batch, outer, axis, inner] with an offset per batch.
  const batch = sizeOf(x.shape.slice(0, batchDims));
  const outer = sizeOf(x.shape.slice(batchDims, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const count = sizeOf(index.shape) / batch;
  const flat = reshape(transpose(reshape(x, [batch, outer, size, inner]), [0, 2, 1, 3]), [batch * size, outer, inner]);
  const offsets = numbersOf(
    Array.from({ length: batch }, (_, i) => i * size),
    'int32',
  );
  const shifted = add(
    reshape(index, [batch, count]),
    constantValue(offsets, [batch, 1], 'int32', `offsets${batch}x${size}`),
  );
  const picked = transpose(gather(flat, shifted, 0), [0, 2, 1, 3]);
  return reshape(picked, [...x.shape.slice(0, axis), ...index.shape.slice(batchDims), ...x.shape.slice(axis + 1)]);
}

/** Rows of `updates` [count, width] summed by index into [rows, width]. Indices outside of the range are ignored. */
function sumRows(updates: Value, index: Value, rows: number): Value {
  return composite('SegmentSum', [updates, index], [rows, updates.shape[1]!], updates.type, { rows });
}

function unsortedSegmentSum(call: KernelCall): Value | undefined {
  const { x, segmentIds } = call.inputs as { x: Value; segmentIds: Value };
  if (x.type === 'bool') return undefined;
  const rows = attribute<number>(call, 'numSegments');
  // tfjs sums over the first axis only, and its callers give one axis of ids.
  if (segmentIds.shape.length !== 1) return undefined;
  const count = segmentIds.shape[0]!;
  const rest = x.shape.slice(1);
  return reshape(sumRows(reshape(x, [count, sizeOf(rest)]), cast(segmentIds, 'int32'), rows), [rows, ...rest]);
}

/** Multi-dimensional indices [count, depth] as row numbers of an array of `shape`. */
function flatIndex(indices: Value, count: number, depth: number, shape: readonly number[]): Value {
  const strides = stridesOf(shape.slice(0, depth));
  const weighted = mul(reshape(cast(indices, 'int32'), [count, depth]), constant(strides, [1, depth], 'int32'));
  return apply('ReduceSum', [weighted], [count], 'int32', { axes: [1], keepdims: 0 });
}

function scatterNd(call: KernelCall): Value | undefined {
  const { indices, updates } = call.inputs as { indices: Value; updates: Value };
  if (updates.type === 'bool') return undefined;
  const shape = attribute<number[]>(call, 'shape');
  const { sliceRank, numUpdates, sliceSize } = backend_util.calculateShapes(
    { shape: updates.shape } as never,
    { shape: indices.shape } as never,
    shape,
  );
  const rows = sizeOf(shape.slice(0, sliceRank));
  const index = flatIndex(indices, numUpdates, sliceRank, shape);
  return reshape(sumRows(reshape(updates, [numUpdates, sliceSize]), index, rows), shape);
}

function oneHot(call: KernelCall): Value {
  const indices = cast(call.inputs['indices']!, 'int32');
  const depth = attribute<number>(call, 'depth');
  const on = attribute<number>(call, 'onValue');
  const off = attribute<number>(call, 'offValue');
  const dtype = (attribute<ElementType | undefined>(call, 'dtype') ?? 'int32') as ElementType;
  const hit = compare('Equal', reshape(indices, [...indices.shape, 1]), ramp(depth, [depth]));
  if (on === 1 && off === 0) return cast(hit, dtype);
  return where(hit, scalar(on, dtype), scalar(off, dtype));
}

export const gatherScatter: Record<string, RecordKernel> = {
  GatherV2: gatherV2,
  GatherNd: (call) => {
    const { params, indices } = call.inputs as { params: Value; indices: Value };
    backend_util.prepareAndValidate(described(params), described(indices));
    const depth = indices.shape[indices.shape.length - 1]!;
    const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
    return apply('GatherND', [params, cast(indices, 'int64')], shape, params.type);
  },
  ScatterNd: scatterNd,
  UnsortedSegmentSum: unsortedSegmentSum,
  OneHot: oneHot,
  Select: (call) => {
    const { condition, t, e } = call.inputs as { condition: Value; t: Value; e: Value };
    if (t.type !== e.type) return undefined;
    const rank = t.shape.length;
    const aligned =
      condition.shape.length === rank
        ? condition
        : reshape(condition, [...condition.shape, ...new Array<number>(rank - condition.shape.length).fill(1)]);
    const chosen = (type: ElementType) => where(cast(aligned, 'bool'), cast(t, type), cast(e, type));
    // ONNX Runtime selects no bools.
    return t.type === 'bool' ? cast(chosen('int32'), 'bool') : chosen(t.type);
  },
  SparseToDense: (call) => {
    const { sparseIndices, sparseValues, defaultValue } = call.inputs as Record<string, Value>;
    const shape = attribute<number[]>(call, 'outputShape');
    const type = sparseValues!.type;
    if (type === 'bool') return undefined;
    const rank = shape.length;
    const count = sizeOf(sparseIndices!.shape) / rank;
    const indices = reshape(cast(sparseIndices!, 'int64'), [count, rank]);
    const filled = expand(cast(defaultValue!, type), shape);
    return apply('ScatterND', [filled, indices, expand(sparseValues!, [count])], shape, type);
  },
  TensorScatterUpdate: (call) => {
    const { tensor, indices, updates } = call.inputs as { tensor: Value; indices: Value; updates: Value };
    if (tensor.type !== updates.type || tensor.type === 'bool') return undefined;
    const depth = indices.shape[indices.shape.length - 1]!;
    const shape = [...indices.shape.slice(0, -1), ...tensor.shape.slice(depth)];
    return apply('ScatterND', [tensor, cast(indices, 'int64'), expand(updates, shape)], tensor.shape, tensor.type);
  },
  Diag: (call) => {
    const x = call.inputs['x']!;
    if (x.type === 'bool') return undefined;
    const n = sizeOf(x.shape);
    const diagonal = compare('Equal', reshape(ramp(n, [n]), [n, 1]), ramp(n, [n]));
    return reshape(where(diagonal, reshape(x, [n, 1]), scalar(0, x.type)), [...x.shape, ...x.shape]);
  },
  TopK: (call) => {
    const x = call.inputs['x']!;
    if (x.type === 'bool') return undefined;
    const k = attribute<number>(call, 'k');
    const [values, indices] = topK(x, k);
    return [values!, cast(indices!, 'int32')];
  },
};

function topK(x: Value, k: number): readonly Value[] {
  const shape = [...x.shape.slice(0, -1), k];
  return createNode({
    op: 'TopK',
    inputs: [x],
    attrs: { k, axis: -1, largest: 1, sorted: 1 },
    outputs: [
      { shape, type: x.type },
      { shape, type: 'int64' },
    ],
  }).outputs;
}
