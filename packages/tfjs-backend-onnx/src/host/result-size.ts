import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../ir/graph.js';
import type { KernelInputs } from './run-on-host.js';

type Inputs = NamedTensorInfoMap;

const shapeIn = (name: string) => (_: Inputs, attrs: NamedAttrMap) => sizeOf(attrs[name] as number[]);
const sizeFor = (input: TensorInfo | undefined): number => (input === undefined ? 0 : sizeOf(input.shape));
const product = (factors: readonly number[]): number => factors.reduce((a, b) => a * b, 1);

/** Kernels that make more of what they are given, for what their attributes say. */
const growing: Readonly<Record<string, (inputs: Inputs, attrs: NamedAttrMap) => number>> = {
  Tile: ({ x }, { reps }) => sizeFor(x) * product(reps as number[]),
  BroadcastTo: shapeIn('shape'),
  ScatterNd: shapeIn('shape'),
  SparseToDense: shapeIn('outputShape'),
  Conv2D: convolved,
  FusedConv2D: convolved,
  Conv2DBackpropInput: shapeIn('inputShape'),
  Conv2DBackpropFilter: shapeIn('filterShape'),
  Conv3DBackpropInputV2: shapeIn('inputShape'),
  Conv3DBackpropFilterV2: shapeIn('filterShape'),
  OneHot: ({ indices }, { depth }) => sizeFor(indices) * (depth as number),
  Diag: ({ x }) => sizeFor(x) ** 2,
  Bincount: ({ weights }, { size }) => Math.max(size as number, sizeFor(weights)),
  DenseBincount: ({ x }, { size }) => (size as number) * (x!.shape.length > 1 ? x!.shape[0]! : 1),
  PadV2: ({ x }, { paddings }) => padded(x!, paddings as [number, number][]),
  MirrorPad: ({ x }, { paddings }) => padded(x!, paddings as [number, number][]),
  ResizeBilinear: ({ images }, { size }) => images!.shape[0]! * images!.shape[3]! * product(size as number[]),
  ResizeNearestNeighbor: ({ images }, { size }) => images!.shape[0]! * images!.shape[3]! * product(size as number[]),
  CropAndResize: ({ image, boxes }, { cropSize }) =>
    boxes!.shape[0]! * image!.shape[3]! * product(cropSize as number[]),
  GatherV2: ({ x, indices }, { axis }) => (sizeFor(x) / (x!.shape.at(axis as number) || 1)) * sizeFor(indices),
  GatherNd: ({ params, indices }) => sizeFor(params) * sizeFor(indices),
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }) =>
    (sizeFor(x) / (sizeFor(segmentIds) || 1)) * (numSegments as number),
  Einsum: () => Number.POSITIVE_INFINITY,
};

/** At stride one, where nothing is cut off. */
function convolved({ x, filter }: Inputs): number {
  return (sizeFor(x) / (x!.shape.at(-1) || 1)) * filter!.shape[3]!;
}

const padded = ({ shape }: TensorInfo, paddings: readonly [number, number][]): number =>
  product(shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]));

/** At most so many numbers has the result of a kernel that can make more numbers than it is given; 0 for the others. */
export function resultSize(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined): number {
  const grow = growing[name];
  if (grow !== undefined) return grow(inputs as Inputs, attrs ?? {});
  if (Array.isArray(inputs)) return 0;
  let first: readonly number[] | undefined;
  let size = 0;
  for (const key in inputs) {
    const shape = inputs[key]?.shape;
    if (shape === undefined) continue;
    if (first === undefined) first = shape;
    else if (shape.length > 0) size = Math.max(size, reach(first, shape));
  }
  return size;
}

/** The numbers of two shapes broadcast against each other, and at least those of their product. */
function reach(a: readonly number[], b: readonly number[]): number {
  let size = 1;
  for (let i = 1; i <= Math.max(a.length, b.length); i++) size *= Math.max(a[a.length - i] ?? 1, b[b.length - i] ?? 1);
  return size;
}
