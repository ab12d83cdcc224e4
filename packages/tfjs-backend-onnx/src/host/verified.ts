import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelInputs } from './run-on-host.js';

/**
 * Kernels in JavaScript that give the numbers of the graph. Kernels of tfjs's `cpu` that are not named here, or not for
 * the inputs at hand, do not run where the graph can compute the same; `test/differential` tells which they are.
 */
type Condition = (inputs: NamedTensorInfoMap, attrs: NamedAttrMap) => boolean;

/** A kernel's condition, or undefined where it holds always. */
export type Verified = { readonly condition: Condition | undefined };

const float: Condition = (inputs) => {
  for (const name in inputs) if ((inputs[name]?.dtype ?? 'float32') !== 'float32') return false;
  return true;
};

/** Sums and products of bools are no bools in `cpu`. */
const noBool: Condition = (inputs) => {
  for (const name in inputs) if (inputs[name]?.dtype === 'bool') return false;
  return true;
};

/** Whether a shape, without axes of length one in front, is the end of another one: it repeats from the beginning. */
function repeats(part: readonly number[], whole: readonly number[]): boolean {
  let first = 0;
  while (part[first] === 1) first++;
  const offset = whole.length - part.length;
  for (let axis = first; axis < part.length; axis++) if (part[axis] !== whole[axis + offset]) return false;
  return true;
}

/** `cpu` begins anew in a batch that is used up, whatever the axes are. */
const batches: Condition = (inputs) => {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  if (!float(inputs, {})) return false;
  const [left, right] = [a.shape, b.shape];
  if (left.length <= 2 || right.length <= 2) return true;
  const [first, second] = [left.slice(0, -2), right.slice(0, -2)];
  return first.length < second.length || (first.length === second.length && repeats(first, second))
    ? repeats(first, second)
    : repeats(second, first);
};

const statistics: Condition = (inputs) => {
  const { x } = inputs as { x: TensorInfo };
  return float(inputs, {}) && Object.values(inputs).every((info) => repeats(info?.shape ?? [], x.shape));
};

const valid: Condition = (_, { pad }) => pad === 'valid';

/** Of several axes `cpu` looks only at the place in memory that they lead to. */
const oneAxis =
  (name: string): Condition =>
  (inputs) =>
    noBool(inputs, {}) && inputs[name]!.shape.at(-1) === 1;

const sameRank: Condition = (inputs) => {
  const { condition, t, e } = inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo };
  return condition.shape.length === t.shape.length && t.dtype === e.dtype;
};

const positiveAxis: Condition = (inputs, { axis }) => (axis as number) >= 0 && noBool(inputs, {});

/** `cpu` knows no groups of channels. */
const oneGroup: Condition = (inputs, { dataFormat }) => {
  const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
  return x.shape[dataFormat === 'NCHW' ? 1 : 3] === filter.shape[2];
};

/** `cpu` leaves them out in gradients. */
const undilated: Condition = (_, { dilations }) => [dilations ?? 1].flat().every((dilation) => dilation === 1);

/** `cpu` pads volumes by a negative number where steps are longer than the kernel. */
const dense = (sizeOf: (inputs: NamedTensorInfoMap, attrs: NamedAttrMap) => number | readonly number[]): Condition => {
  return (inputs, attrs) => {
    if (attrs['pad'] !== 'same') return true;
    const size = sizeOf(inputs, attrs);
    const strides = [attrs['strides'] as number | number[]].flat();
    return strides.every((stride, axis) => stride <= (typeof size === 'number' ? size : size[axis]!));
  };
};
const filterInput = dense(({ filter }) => filter!.shape);
const filterShape = dense((_, { filterShape: shape }) => shape as number[]);
const filterSize = dense((_, { filterSize: size }) => size as number | number[]);

const conditions: Readonly<Record<string, Condition>> = {
  // Its buffer is of floats, whatever the type.
  Abs: float,
  Add: noBool,
  AddN: (inputs) => (inputs as unknown as TensorInfo[]).every(({ dtype }) => dtype !== 'bool'),
  AvgPoolGrad: valid,
  AvgPool3D: filterSize,
  BatchMatMul: batches,
  _FusedMatMul: batches,
  Conv2D: oneGroup,
  Conv3D: filterInput,
  Conv3DBackpropFilterV2: filterShape,
  Conv3DBackpropInputV2: filterInput,
  Cumprod: (inputs, attrs) => float(inputs, {}) && positiveAxis(inputs, attrs),
  Cumsum: positiveAxis,
  DepthToSpace: float, // as Abs
  DepthwiseConv2dNativeBackpropFilter: undilated,
  DepthwiseConv2dNativeBackpropInput: undilated,
  FloorDiv: noBool,
  FusedBatchNorm: statistics,
  FusedConv2D: oneGroup,
  GatherNd: oneAxis('indices'),
  MaxPool3D: filterSize,
  Mod: noBool,
  Multiply: noBool,
  Pow: noBool,
  Prod: float,
  ScatterNd: oneAxis('indices'),
  Select: sameRank,
  SparseToDense: oneAxis('sparseIndices'),
  Square: float,
  SquaredDifference: noBool,
  Sub: noBool,
  UnsortedSegmentSum: float,
};

const always: ReadonlySet<string> = new Set([
  'Acos',
  'Acosh',
  'All',
  'Any',
  'ArgMax',
  'ArgMin',
  'Asin',
  'Asinh',
  'Atan',
  'Atan2',
  'Atanh',
  'AvgPool',
  'BatchToSpaceND',
  'Bincount',
  'BitwiseAnd',
  'BroadcastTo',
  'Cast',
  'Ceil',
  'ClipByValue',
  'Concat',
  'Conv2DBackpropFilter',
  'Conv2DBackpropInput',
  'Cos',
  'Cosh',
  'DenseBincount',
  'DepthwiseConv2dNative',
  'Diag',
  'Elu',
  'EluGrad',
  'Equal',
  'Erf',
  'Exp',
  'Expm1',
  'Fill',
  'FlipLeftRight',
  'Floor',
  'FusedDepthwiseConv2D',
  'GatherV2',
  'Greater',
  'GreaterEqual',
  'IsFinite',
  'IsInf',
  'IsNan',
  'LRN',
  'LRNGrad',
  'LeakyRelu',
  'Less',
  'LessEqual',
  'Log',
  'Log1p',
  'LogicalAnd',
  'LogicalNot',
  'LogicalOr',
  'LogicalXor',
  'Max',
  'MaxPool',
  'MaxPoolGrad',
  'Maximum',
  'Mean',
  'Min',
  'Minimum',
  'MirrorPad',
  'Neg',
  'NotEqual',
  'OneHot',
  'OnesLike',
  'Pack',
  'PadV2',
  'Prelu',
  'RealDiv',
  'Reciprocal',
  'Relu',
  'Relu6',
  'ResizeBilinear',
  'ResizeNearestNeighbor',
  'Reverse',
  'Round',
  'Rsqrt',
  'SearchSorted',
  'Selu',
  'Sigmoid',
  'Sign',
  'Sin',
  'Sinh',
  'Slice',
  'Softmax',
  'Softplus',
  'SpaceToBatchND',
  'SplitV',
  'Sqrt',
  'Step',
  'StridedSlice',
  'Sum',
  'Tan',
  'Tanh',
  'Tile',
  'TopK',
  'Transpose',
  'Unpack',
  'ZerosLike',
]);

/** Kernels that compute on complex numbers: arithmetic is wrong where it broadcasts, others refuse them in `cpu`. */
const complex: ReadonlySet<string> = new Set(['Cast', 'ComplexAbs', 'Concat', 'FFT', 'IFFT', 'OnesLike', 'ZerosLike']);

/** When the kernel may compute tiny work; undefined for never. */
export function verified(name: string): Verified | undefined {
  const condition = conditions[name];
  return condition !== undefined || always.has(name) ? { condition } : undefined;
}

/** Whether the kernel in JavaScript may compute what the graph could compute as well. */
export function mayRunOnHost(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined): boolean {
  const infos = Array.isArray(inputs) ? inputs : Object.values(inputs);
  if (infos.some((info) => info?.dtype === 'complex64')) return complex.has(name);
  const kernel = verified(name);
  return kernel !== undefined && (kernel.condition?.(inputs as NamedTensorInfoMap, attrs ?? {}) ?? true);
}
