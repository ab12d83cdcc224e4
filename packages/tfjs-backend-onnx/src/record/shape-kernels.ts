import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type { Value } from '../ir/graph.js';
import { apply, cast, concat, constant, expand, gather, pad, reshape, slice, split, transpose } from '../ir/ops.js';
import { attribute, axesOf, type KernelCall, type RecordKernel } from './kernel.js';
import { padBy, sliceAt } from './varying.js';

/** Kernels that move numbers around: slices, padding, concatenation, permutations. */

function parsedSlice(x: Value, begin: number[], size: number[]): Value {
  const ends = begin.map((b, i) => b + size[i]!);
  return slice(
    x,
    begin,
    ends,
    begin.map((_, i) => i),
  );
}

const replaced = (shape: readonly number[], axis: number, size: number): number[] =>
  shape.map((dim, i) => (i === axis ? size : dim));

interface StridedSliceAttributes {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

function stridedSlice(call: KernelCall): Value {
  const x = call.inputs['x']!;
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
    call.attrs as unknown as StridedSliceAttributes;
  const info = slice_util.sliceInfo(
    x.shape.slice(),
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  if (info.isIdentity) return reshape(x, info.finalShape);
  const axes = info.begin.map((_, i) => i);
  return reshape(slice(x, info.begin, info.end, axes, info.strides), info.finalShape);
}

/** Indices that a mirrored axis reads. `edge` is 1 for reflect (the border is not repeated) and 0 for symmetric. */
function mirrored(size: number, before: number, after: number, edge: number): number[] {
  const indices: number[] = [];
  for (let i = -before; i < size + after; i++) {
    let j = i;
    if (j < 0) j = -j - 1 + edge;
    else if (j >= size) j = 2 * size - 1 - j - edge;
    indices.push(j);
  }
  return indices;
}

function spaceToBatch(call: KernelCall): Value {
  const x = call.inputs['x']!;
  const blockShape = attribute<number[]>(call, 'blockShape');
  const paddings = attribute<number[][]>(call, 'paddings');
  const product = blockShape.reduce((a, b) => a * b, 1);
  const complete: [number, number][] = [[0, 0], ...paddings.map((p) => [p[0]!, p[1]!] as [number, number])];
  for (let i = 1 + blockShape.length; i < x.shape.length; ++i) complete.push([0, 0]);
  const padded = pad(x, complete);
  const reshapedPadded = backend_util.getReshaped(padded.shape.slice(), blockShape, product, false);
  const perm = backend_util.getPermuted(reshapedPadded.length, blockShape.length, false);
  const flat = backend_util.getReshapedPermuted(padded.shape.slice(), blockShape, product, false);
  return reshape(transpose(reshape(padded, reshapedPadded), perm), flat);
}

function batchToSpace(call: KernelCall): Value {
  const x = call.inputs['x']!;
  const blockShape = attribute<number[]>(call, 'blockShape');
  const crops = attribute<number[][]>(call, 'crops');
  const product = blockShape.reduce((a, b) => a * b, 1);
  const reshaped = backend_util.getReshaped(x.shape.slice(), blockShape, product);
  const perm = backend_util.getPermuted(reshaped.length, blockShape.length);
  const flat = backend_util.getReshapedPermuted(x.shape.slice(), blockShape, product);
  const begin = backend_util.getSliceBeginCoords(crops, blockShape.length);
  const size = backend_util.getSliceSize(flat, crops, blockShape.length);
  return parsedSlice(reshape(transpose(reshape(x, reshaped), perm), flat), begin, size);
}

export const shapeKernels: Record<string, RecordKernel> = {
  Transpose: (call) => transpose(call.inputs['x']!, attribute<number[]>(call, 'perm')),
  Slice: (call) => {
    const x = call.inputs['x']!;
    const [begin, size] = slice_util.parseSliceParams(
      { shape: x.shape } as never,
      attribute(call, 'begin'),
      attribute(call, 'size'),
    );
    slice_util.assertParamsValid({ shape: x.shape } as never, begin!, size!);
    return call.varies(`slice [${x.shape}] [${size}]`, begin!)
      ? sliceAt(x, begin!, size!)
      : parsedSlice(x, begin!, size!);
  },
  StridedSlice: stridedSlice,
  PadV2: (call) => {
    const x = call.inputs['x']!;
    const paddings = attribute<[number, number][]>(call, 'paddings');
    const value = Number(attribute<number | boolean>(call, 'constantValue'));
    if (x.type === 'bool') return cast(pad(cast(x, 'int32'), paddings, value), 'bool');
    const place = `pad [${x.shape}] [${x.shape.map((dim, axis) => dim + paddings[axis]![0] + paddings[axis]![1])}]`;
    return call.varies(place, paddings.flat()) ? padBy(x, paddings, value) : pad(x, paddings, value);
  },
  MirrorPad: (call) => {
    const edge = attribute<string>(call, 'mode') === 'reflect' ? 1 : 0;
    let x = call.inputs['x']!;
    attribute<[number, number][]>(call, 'paddings').forEach(([before, after], axis) => {
      if (before === 0 && after === 0) return;
      const indices = mirrored(x.shape[axis]!, before, after, edge);
      x = gather(x, constant(indices, [indices.length], 'int32'), axis);
    });
    return x;
  },
  Concat: (call) => {
    const rank = call.list[0]!.shape.length;
    const [axis = 0] = axesOf(attribute<number>(call, 'axis'), rank);
    if (new Set(call.list.map((v) => v.type)).size > 1) return undefined;
    backend_util.assertParamsConsistent(
      call.list.map((v) => v.shape.slice()),
      axis,
    );
    return concat(call.list, axis);
  },
  Pack: (call) => {
    const rank = call.list[0]!.shape.length + 1;
    const [axis = 0] = axesOf(attribute<number>(call, 'axis'), rank);
    if (new Set(call.list.map((v) => v.type)).size > 1) return undefined;
    for (const { shape } of call.list) {
      util.assertShapesMatch(
        call.list[0]!.shape.slice(),
        shape.slice(),
        'All tensors passed to stack must have matching shapes',
      );
    }
    const rows = call.list.map((v) => reshape(v, [...v.shape.slice(0, axis), 1, ...v.shape.slice(axis)]));
    return concat(rows, axis);
  },
  Unpack: (call) => {
    const value = call.inputs['value']!;
    const [axis = 0] = axesOf(attribute<number>(call, 'axis'), value.shape.length);
    const shape = value.shape.filter((_, i) => i !== axis);
    return split(value, new Array<number>(value.shape[axis]!).fill(1), axis).map((part) => reshape(part, shape));
  },
  SplitV: (call) => {
    const x = call.inputs['x']!;
    const [axis = 0] = axesOf(attribute<number>(call, 'axis'), x.shape.length);
    const sizes = backend_util.prepareSplitSize({ shape: x.shape } as never, attribute(call, 'numOrSizeSplits'), axis);
    // Empty parts hold nothing to compute.
    const parts = split(
      x,
      sizes.filter((size) => size > 0),
      axis,
    ).values();
    return sizes.map((size) => (size > 0 ? parts.next().value! : constant([], replaced(x.shape, axis, 0), x.type)));
  },
  Tile: (call) => {
    const x = call.inputs['x']!;
    const reps = attribute<number[]>(call, 'reps');
    if (reps.every((rep) => rep === 1)) return x;
    const shape = x.shape.map((dim, i) => dim * reps[i]!);
    if (reps.some((rep) => rep === 0)) return constant([], shape, x.type);
    // Repeating axes of length one is broadcasting.
    const broadcasts = x.shape.every((dim, i) => dim === 1 || reps[i] === 1);
    return broadcasts ? expand(x, shape) : apply('Tile', [x], shape, x.type, { repeats: reps });
  },
  BroadcastTo: (call) => expand(call.inputs['x']!, attribute<number[]>(call, 'shape')),
  Reverse: (call) => {
    const x = call.inputs['x']!;
    const dims = util.parseAxisParam(attribute<number | number[]>(call, 'dims'), x.shape.slice());
    const axes = dims.filter((axis) => x.shape[axis]! > 1);
    if (axes.length === 0) return x;
    return slice(
      x,
      axes.map((axis) => x.shape[axis]! - 1),
      axes.map(() => -1),
      axes,
      axes.map(() => -1),
    );
  },
  FlipLeftRight: (call) => {
    const x = call.inputs['image']!;
    return x.shape[2]! > 1 ? slice(x, [x.shape[2]! - 1], [-1], [2], [-1]) : x;
  },
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  DepthToSpace: (call) => {
    const x = call.inputs['x']!;
    const block = attribute<number>(call, 'blockSize');
    if (attribute<string>(call, 'dataFormat') !== 'NHWC') return undefined;
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const depth = c / (block * block);
    const blocks = reshape(x, [n, h, w, block, block, depth]);
    return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), [n, h * block, w * block, depth]);
  },
};
