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
  reduce,
  reshape,
  scalar,
  transpose,
  where,
} from '../ir/ops.js';
import { stridesOf } from '../ir/shapes.js';
import { HostSource } from '../memory/host-source.js';
import { attribute, axesOf, checked, type KernelCall, type RecordKernel } from './kernel.js';

/** 0, 1, ..., n - 1 along one axis of an otherwise flat shape. */
function ramp(n: number, shape: readonly number[]): Value {
  const values = Int32Array.from({ length: n }, (_, i) => i);
  return constantValue(values, shape, 'int32', `ramp${n}`);
}

/** tfjs's shape checks read shape, rank and type. */
function described({ shape, type }: Value): TensorInfo {
  return { shape: shape.slice(), rank: shape.length, dtype: type, dataId: {} } as unknown as TensorInfo;
}

/** The numbers of indices that are known already, few enough that to look at them takes no time. */
function knownIndices(indices: Value): Int32Array | undefined {
  let { node } = indices;
  while (node.op === 'Reshape') node = node.inputs[0]!.node;
  const numbers = node.source instanceof HostSource ? node.source.numbers : node.source;
  return numbers instanceof Int32Array && numbers.length <= 4096 ? numbers : undefined;
}

/**
 * Indices that are all inside of [0, size), or fail: at once when they are known already and few enough not to matter,
 * otherwise when the graph runs. ONNX would count negative ones from the end.
 */
function insideOf(indices: Value, size: number): Value {
  const numbers = knownIndices(indices);
  if (numbers !== undefined) {
    for (const index of numbers) {
      if (index < 0 || index >= size) throw new Error(`GatherV2: the index value ${index} is not in [0, ${size - 1}]`);
    }
    return indices;
  }
  // ONNX Runtime checks the upper end.
  return where(compare('Less', indices, scalar(0, 'int32')), scalar(BEYOND, 'int32'), indices);
}

/** An index that no tensor has. */
const BEYOND = 2 ** 31 - 1;

function gatherV2(call: KernelCall): Value | undefined {
  const { x, indices } = call.inputs as { x: Value; indices: Value };
  const [axis = 0] = axesOf(attribute<number>(call, 'axis'), x.shape.length);
  const batchDims = attribute<number | undefined>(call, 'batchDims') ?? 0;
  const size = x.shape[axis]!;
  backend_util.segment_util.collectGatherOpShapeInfo(
    { shape: x.shape } as never,
    { shape: indices.shape } as never,
    axis,
    batchDims,
  );
  if (batchDims === 0) return gather(x, insideOf(cast(indices, 'int32'), size), axis);
  // Beyond the end of a batch lies the next one.
  const unchecked = cast(indices, 'int32');
  const index =
    knownIndices(unchecked) === undefined
      ? checked(unchecked, within(unchecked, scalar(size, 'int32')))
      : insideOf(unchecked, size);
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

const both = (a: Value, b: Value): Value => compare('And', a, b);

/** Whether each of the indices is in [0, size); sizes broadcast against the indices. */
function within(indices: Value, sizes: Value): Value {
  return both(compare('GreaterOrEqual', indices, scalar(0, 'int32')), compare('Less', indices, sizes));
}

/**
 * Multi-dimensional indices [..., depth] as row numbers [count] of an array of `shape`.
 *
 * @throws when an index is outside of the shape: at once when the indices are known, otherwise when the graph runs.
 */
function flatIndex(indices: Value, shape: readonly number[]): Value {
  const depth = indices.shape.at(-1)!;
  const count = sizeOf(indices.shape) / depth;
  const sizes = shape.slice(0, depth);
  const numbers = knownIndices(indices);
  if (numbers !== undefined) {
    for (let i = 0; i < count; i++) {
      const index = numbers.subarray(i * depth, (i + 1) * depth);
      if (index.some((place, axis) => place < 0 || place >= sizes[axis]!))
        throw new Error(`Invalid indices: ${index} does not index into ${shape}`);
    }
  }
  const table = reshape(cast(indices, 'int32'), [count, depth]);
  if (depth === 1) {
    const index = reshape(table, [count]);
    return numbers === undefined ? checked(index, within(index, scalar(sizes[0]!, 'int32'))) : index;
  }
  const weighted = mul(table, constant(stridesOf(sizes), [1, depth], 'int32'));
  const flat = apply('ReduceSum', [weighted], [count], 'int32', { axes: [1], keepdims: 0 });
  if (numbers !== undefined) return flat;
  const each = cast(within(table, constant(sizes, [1, depth], 'int32')), 'int32');
  return checked(flat, cast(reduce('ReduceMin', each, [1], false), 'bool'));
}

/** Replaces rows by index; of several for one row the last remains. ONNX Runtime's ScatterND gives no such promise. */
function putRows(into: Value, index: Value, updates: Value): Value {
  const everywhere = expand(reshape(index, [index.shape[0]!, 1]), updates.shape);
  return apply('ScatterElements', [into, everywhere, updates], into.shape, into.type, { axis: 0 });
}

/** A kernel without a form for bools, on their numbers. */
const throughIntegers = (type: ElementType, f: (number: (x: Value) => Value) => Value): Value =>
  type === 'bool'
    ? cast(
        f((x) => cast(x, 'int32')),
        'bool',
      )
    : f((x) => cast(x, type));

function gatherNd(call: KernelCall): Value {
  const { params, indices } = call.inputs as { params: Value; indices: Value };
  const [shape] = backend_util.prepareAndValidate(described(params), described(indices));
  const depth = indices.shape.at(-1)!;
  const rows = sizeOf(params.shape.slice(0, depth));
  const table = reshape(params, [rows, sizeOf(params.shape) / rows]);
  return reshape(gather(table, flatIndex(indices, params.shape), 0), shape);
}

/** `depth` numbers of the last axis of `indices` address the rows of an array of `shape`. */
function rowsOf(updates: Value, indices: Value, shape: readonly number[]) {
  const { numUpdates, sliceSize } = backend_util.calculateShapes(described(updates), described(indices), shape.slice());
  const depth = indices.shape.length > 1 ? indices.shape.at(-1)! : 1;
  const rows = sizeOf(shape.slice(0, depth));
  const index = flatIndex(indices.shape.length > 1 ? indices : reshape(indices, [numUpdates, 1]), shape);
  return { rows, width: sliceSize, count: numUpdates, index };
}

function scatterNd(call: KernelCall): Value {
  const { indices, updates } = call.inputs as { indices: Value; updates: Value };
  const shape = attribute<number[]>(call, 'shape');
  const { rows, width, count, index } = rowsOf(updates, indices, shape);
  return throughIntegers(updates.type, (number) =>
    reshape(sumRows(reshape(number(updates), [count, width]), index, rows), shape),
  );
}

/** `updates` in the places of `indices`, and the numbers of `into` elsewhere. */
function placed(into: Value, indices: Value, updates: Value): Value {
  const { shape } = into;
  const { rows, width, count, index } = rowsOf(updates, indices, shape);
  return throughIntegers(into.type, (number) => {
    const each = number(updates);
    const list = each.shape.length === 0 ? expand(each, [count, width]) : reshape(each, [count, width]);
    return reshape(putRows(reshape(number(into), [rows, width]), index, list), shape);
  });
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
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
  UnsortedSegmentSum: unsortedSegmentSum,
  OneHot: oneHot,
  Select: (call) => {
    const { condition, t, e } = call.inputs as { condition: Value; t: Value; e: Value };
    const type = [t.type, e.type].includes('float32')
      ? 'float32'
      : [t.type, e.type].includes('int32')
        ? 'int32'
        : 'bool';
    const rank = t.shape.length;
    const aligned =
      condition.shape.length === rank
        ? condition
        : reshape(condition, [...condition.shape, ...new Array<number>(rank - condition.shape.length).fill(1)]);
    const chosen = (type: ElementType) => where(cast(aligned, 'bool'), cast(t, type), cast(e, type));
    // ONNX Runtime selects no bools.
    return type === 'bool' ? cast(chosen('int32'), 'bool') : chosen(type);
  },
  SparseToDense: (call) => {
    const { sparseIndices, sparseValues, defaultValue } = call.inputs as Record<string, Value>;
    const filled = expand(cast(defaultValue!, sparseValues!.type), attribute<number[]>(call, 'outputShape'));
    return placed(filled, sparseIndices!, sparseValues!);
  },
  TensorScatterUpdate: (call) => {
    const { tensor, indices, updates } = call.inputs as { tensor: Value; indices: Value; updates: Value };
    return tensor.type === updates.type ? placed(tensor, indices, updates) : undefined;
  },
  Diag: (call) => {
    const x = call.inputs['x']!;
    const n = sizeOf(x.shape);
    const diagonal = compare('Equal', reshape(ramp(n, [n]), [n, 1]), ramp(n, [n]));
    return throughIntegers(x.type, (number) => {
      const each = number(x);
      return reshape(where(diagonal, reshape(each, [n, 1]), scalar(0, each.type)), [...x.shape, ...x.shape]);
    });
  },
  TopK: (call) => {
    const x = call.inputs['x']!;
    const k = attribute<number>(call, 'k');
    if (x.type !== 'float32') {
      const [values, indices] = topK(cast(x, 'int32'), k);
      return [cast(values!, x.type), cast(indices!, 'int32')];
    }
    // NaN counts as the lowest, and comes out as it is.
    const ranked = where(apply('IsNaN', [x], x.shape, 'bool'), scalar(Number.NEGATIVE_INFINITY), x);
    const [, indices] = topK(ranked, k);
    const shape = indices!.shape;
    return [apply('GatherElements', [x, indices!], shape, x.type, { axis: shape.length - 1 }), cast(indices!, 'int32')];
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
