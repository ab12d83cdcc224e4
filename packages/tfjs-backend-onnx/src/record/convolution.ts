import { backend_util } from '@tensorflow/tfjs-core';
import type { Attributes, Value } from '../ir/graph.js';
import { add, composite, pad, reshape, slice, transpose } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';
import { activated } from './matmul.js';

/**
 * Convolutions of one to three spatial axes and their gradients, as composites in tfjs's own layouts: images
 * [batch, ...space, channels], filters [...kernel, in, out]. How they are computed is decided later, per shape.
 */

type ConvInfo = ReturnType<typeof backend_util.computeConv2DInfo>;
type ConvInfo3D = ReturnType<typeof backend_util.computeConv3DInfo>;
type Pad = number | 'same' | 'valid' | backend_util.ExplicitPadding;

/**
 * Padding written so that floor((size + begin + end - kernel) / stride) + 1 is exactly the output size. Negative where
 * the output ends before the image does: with a number as padding tfjs counts columns by the height of the kernel.
 */
function endPadding(
  size: number,
  out: number,
  stride: number,
  kernel: number,
  dilation: number,
  begin: number,
): number {
  const end = (out - 1) * stride + (kernel - 1) * dilation + 1 - size - begin;
  return end <= -stride ? end : Math.max(0, end);
}

export function geometry2D(info: ConvInfo): Attributes {
  const {
    strideHeight: sh,
    strideWidth: sw,
    dilationHeight: dh,
    dilationWidth: dw,
    filterHeight: kh,
    filterWidth: kw,
    padInfo,
  } = info;
  return {
    kernel: [kh, kw],
    strides: [sh, sw],
    dilations: [dh, dw],
    begin: [padInfo.top, padInfo.left],
    end: [
      endPadding(info.inHeight, info.outHeight, sh, kh, dh, padInfo.top),
      endPadding(info.inWidth, info.outWidth, sw, kw, dw, padInfo.left),
    ],
  };
}

export function geometry3D(info: ConvInfo3D): Attributes {
  const strides = [info.strideDepth, info.strideHeight, info.strideWidth];
  const dilations = [info.dilationDepth, info.dilationHeight, info.dilationWidth];
  const kernel = [info.filterDepth, info.filterHeight, info.filterWidth];
  // 'same' with steps longer than the kernel: TensorFlow has no padding there, tfjs a negative one for volumes alone.
  const begin = [info.padInfo.front, info.padInfo.top, info.padInfo.left].map((pad) => Math.max(0, pad));
  const input = [info.inDepth, info.inHeight, info.inWidth];
  const output = [info.outDepth, info.outHeight, info.outWidth];
  const end = input.map((size, i) =>
    Math.max(0, endPadding(size, output[i]!, strides[i]!, kernel[i]!, dilations[i]!, begin[i]!)),
  );
  return { kernel, strides, dilations, begin, end };
}

interface Trimmed {
  shape: number[];
  attrs: Attributes;
  cut: (x: Value) => Value;
  /** A gradient of the rest, and zeros where nothing was seen. */
  restore: (x: Value) => Value;
}

/** Without the rows and columns at the end that no window sees, which ONNX would make more output of. */
export function trimmed(shape: readonly number[], attrs: Attributes): Trimmed {
  const ends = attrs['end'] as readonly number[];
  const axes = ends.map((_, i) => i + 1);
  const surplus = ends.map((end) => Math.max(0, -end));
  const sizes = axes.map((axis, i) => shape[axis]! - surplus[i]!);
  const without = [shape[0]!, ...sizes, ...shape.slice(ends.length + 1)];
  const nothing: readonly [number, number] = [0, 0];
  return {
    shape: without,
    attrs: { ...attrs, end: ends.map((end) => Math.max(0, end)) },
    cut: (x: Value): Value =>
      slice(
        x,
        axes.map(() => 0),
        sizes,
        axes,
      ),
    restore: (x: Value): Value =>
      pad(x, [nothing, ...surplus.map((end): readonly [number, number] => [0, end]), nothing]),
  };
}

interface Conv2DAttributes {
  strides: number | [number, number];
  pad: Pad;
  dataFormat?: 'NHWC' | 'NCHW';
  dilations?: number | [number, number] | null;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

const toLast = (x: Value): Value => transpose(x, [0, 2, 3, 1]);
const toFirst = (x: Value): Value => transpose(x, [0, 3, 1, 2]);

/** Runs `f` in NHWC whatever the kernel's format is. */
function channelsLast(
  call: KernelCall,
  images: Value[],
  f: (images: Value[]) => Value,
  result: 'image' | 'filter',
): Value {
  if (attribute<string | undefined>(call, 'dataFormat') !== 'NCHW') return f(images);
  const y = f(images.map(toLast));
  return result === 'image' ? toFirst(y) : y;
}

/** Explicit paddings come in the order of the data format. */
function padOf({ pad, dataFormat }: Conv2DAttributes): Pad {
  if (dataFormat !== 'NCHW' || !Array.isArray(pad)) return pad;
  const [n, c, h, w] = pad as [number[], number[], number[], number[]];
  return [n, h, w, c] as Pad;
}

function info2D(x: readonly number[], filter: readonly number[], call: KernelCall, depthwise: boolean): ConvInfo {
  const attrs = call.attrs as unknown as Conv2DAttributes;
  const { strides, dilations, dimRoundingMode } = attrs;
  const pad = padOf(attrs);
  const shape = x.slice() as [number, number, number, number];
  return backend_util.computeConv2DInfo(
    shape,
    filter.slice() as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

const allFloat = (call: KernelCall): boolean => Object.values(call.inputs).every((v) => v.type === 'float32');

function nhwcShape(shape: readonly number[], call: KernelCall): number[] {
  if (attribute<string | undefined>(call, 'dataFormat') !== 'NCHW') return shape.slice();
  return [shape[0]!, shape[2]!, shape[3]!, shape[1]!];
}

const conv2d: RecordKernel = (call) => {
  const { x, filter } = call.inputs as { x: Value; filter: Value };
  if (!allFloat(call)) return undefined;
  return channelsLast(
    call,
    [x],
    ([image]) => {
      const info = info2D(image!.shape, filter.shape, call, false);
      const { attrs, cut } = trimmed(image!.shape, geometry2D(info));
      // Filters that see only a part of the channels.
      const groups = image!.shape[3]! / filter.shape[2]!;
      return composite(
        'Conv',
        [cut(image!), filter],
        [info.batchSize, info.outHeight, info.outWidth, info.outChannels],
        'float32',
        groups === 1 ? attrs : { ...attrs, groups },
      );
    },
    'image',
  );
};

const conv2dBackpropInput: RecordKernel = (call) => {
  const { dy, filter } = call.inputs as { dy: Value; filter: Value };
  if (!allFloat(call)) return undefined;
  const inputShape = nhwcShape(attribute<number[]>(call, 'inputShape'), call);
  const info = info2D(inputShape, filter.shape, call, false);
  return channelsLast(
    call,
    [dy],
    ([image]) => {
      // tfjs allows a gradient larger than the output of such a convolution, and reads its corner.
      const seen = slice(image!, [0, 0], [info.outHeight, info.outWidth], [1, 2]);
      const { attrs, shape, restore } = trimmed(inputShape, geometry2D(info));
      return restore(composite('ConvInputGradient', [seen, filter], shape, 'float32', attrs));
    },
    'image',
  );
};

const conv2dBackpropFilter: RecordKernel = (call) => {
  const { x, dy } = call.inputs as { x: Value; dy: Value };
  if (!allFloat(call)) return undefined;
  const filterShape = attribute<number[]>(call, 'filterShape');
  return channelsLast(
    call,
    [x, dy],
    ([image, gradient]) => {
      const info = info2D(image!.shape, filterShape, call, false);
      const { attrs, cut } = trimmed(image!.shape, geometry2D(info));
      return composite('ConvFilterGradient', [cut(image!), gradient], filterShape, 'float32', attrs);
    },
    'filter',
  );
};

const depthwise: RecordKernel = (call) => {
  const { x, filter } = call.inputs as { x: Value; filter: Value };
  if (!allFloat(call)) return undefined;
  return channelsLast(
    call,
    [x],
    ([image]) => {
      const info = info2D(image!.shape, filter.shape, call, true);
      const { attrs, cut } = trimmed(image!.shape, geometry2D(info));
      return composite(
        'DepthwiseConv',
        [cut(image!), filter],
        [info.batchSize, info.outHeight, info.outWidth, info.outChannels],
        'float32',
        attrs,
      );
    },
    'image',
  );
};

/** Bias and activation of the fused kernels follow as operations of their own; fusing is the passes' business. */
const fused =
  (product: RecordKernel): RecordKernel =>
  (call) => {
    const result = product(call) as Value | undefined;
    if (result === undefined) return undefined;
    const { bias, preluActivationWeights: alpha } = call.inputs;
    if (attribute<string | undefined>(call, 'dataFormat') === 'NCHW') {
      // One number per channel goes along the second axis.
      if (alpha?.shape.length === 1) call.inputs['preluActivationWeights'] = reshape(alpha, [alpha.shape[0]!, 1, 1]);
      if (bias?.shape.length === 1) return activated(add(result, reshape(bias, [bias.shape[0]!, 1, 1])), call);
    }
    if (bias === undefined) return activated(result, call);
    return activated(add(result, bias), call);
  };

interface Conv3DAttributes {
  strides: number | [number, number, number];
  pad: 'same' | 'valid' | number;
  dilations?: number | [number, number, number] | null;
}

type Shape5D = [number, number, number, number, number];

function info3D(x: readonly number[], filter: readonly number[], call: KernelCall): ConvInfo3D {
  const { strides, pad, dilations } = call.attrs as unknown as Conv3DAttributes;
  return backend_util.computeConv3DInfo(
    x.slice() as Shape5D,
    filter.slice() as Shape5D,
    strides,
    dilations ?? 1,
    pad as 'same',
  );
}

export const convolution: Record<string, RecordKernel> = {
  Conv2D: conv2d,
  Conv2DBackpropInput: conv2dBackpropInput,
  Conv2DBackpropFilter: conv2dBackpropFilter,
  FusedConv2D: fused(conv2d),
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: fused(depthwise),
  DepthwiseConv2dNativeBackpropInput: (call) => {
    const { dy, filter } = call.inputs as { dy: Value; filter: Value };
    if (!allFloat(call)) return undefined;
    const inputShape = attribute<number[]>(call, 'inputShape');
    const { attrs, shape, restore } = trimmed(inputShape, geometry2D(info2D(inputShape, filter.shape, call, true)));
    return restore(composite('DepthwiseInputGradient', [dy, filter], shape, 'float32', attrs));
  },
  DepthwiseConv2dNativeBackpropFilter: (call) => {
    const { x, dy } = call.inputs as { x: Value; dy: Value };
    if (!allFloat(call)) return undefined;
    const filterShape = attribute<number[]>(call, 'filterShape');
    const { attrs, cut } = trimmed(x.shape, geometry2D(info2D(x.shape, filterShape, call, true)));
    return composite('DepthwiseFilterGradient', [cut(x), dy], filterShape, 'float32', attrs);
  },
  Conv3D: (call) => {
    const { x, filter } = call.inputs as { x: Value; filter: Value };
    if (!allFloat(call)) return undefined;
    const info = info3D(x.shape, filter.shape, call);
    return composite('Conv', [x, filter], info.outShape, 'float32', geometry3D(info));
  },
  Conv3DBackpropInputV2: (call) => {
    const { dy, filter } = call.inputs as { dy: Value; filter: Value };
    if (!allFloat(call)) return undefined;
    const inputShape = attribute<number[]>(call, 'inputShape');
    return composite(
      'ConvInputGradient',
      [dy, filter],
      inputShape,
      'float32',
      geometry3D(info3D(inputShape, filter.shape, call)),
    );
  },
  Conv3DBackpropFilterV2: (call) => {
    const { x, dy } = call.inputs as { x: Value; dy: Value };
    if (!allFloat(call)) return undefined;
    const filterShape = attribute<number[]>(call, 'filterShape');
    return composite(
      'ConvFilterGradient',
      [x, dy],
      filterShape,
      'float32',
      geometry3D(info3D(x.shape, filterShape, call)),
    );
  },
};
