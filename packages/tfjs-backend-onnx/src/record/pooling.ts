import { backend_util } from '@tensorflow/tfjs-core';
import { type Attributes, constantValue, sameShape, sizeOf, type Value } from '../ir/graph.js';
import { compare, composite, mul, pad, scalar, slice, where } from '../ir/ops.js';
import { geometry2D, geometry3D, trimmed } from './convolution.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';

type Rounding = 'floor' | 'round' | 'ceil' | undefined;

function geometry(shape: readonly number[], call: KernelCall): { attrs: Attributes; outShape: number[] } {
  const filterSize = attribute<[number, number]>(call, 'filterSize');
  const strides = attribute<[number, number]>(call, 'strides');
  const pad = attribute<'same'>(call, 'pad');
  const rounding = attribute<Rounding>(call, 'dimRoundingMode');
  if (shape.length === 5) {
    const info = backend_util.computePool3DInfo(
      shape.slice() as [number, number, number, number, number],
      filterSize as never,
      strides as never,
      1,
      pad,
      rounding,
    );
    return { attrs: geometry3D(info), outShape: info.outShape };
  }
  const info = backend_util.computePool2DInfo(
    shape.slice() as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    rounding,
  );
  return { attrs: geometry2D(info), outShape: info.outShape };
}

/** Whether each window reaches into the image; ONNX Runtime refuses others. */
function inside(attrs: Attributes): boolean {
  const kernel = attrs['kernel'] as readonly number[];
  const within = (pads: readonly number[]) => pads.every((pad, i) => pad < kernel[i]!);
  return within(attrs['begin'] as readonly number[]) && within(attrs['end'] as readonly number[]);
}

const LOWEST = -3.4028234663852886e38;

/** The image with its padding written out, so that the pooling itself has none. */
function framed(shape: readonly number[], attrs: Attributes) {
  const [begin, end] = [attrs['begin'] as readonly number[], attrs['end'] as readonly number[]];
  const frame: [number, number][] = [[0, 0], ...begin.map((b, i): [number, number] => [b, end[i]!]), [0, 0]];
  const zero = begin.map(() => 0);
  return {
    frame,
    shape: shape.map((dim, i) => dim + frame[i]![0] + frame[i]![1]),
    attrs: { ...attrs, begin: zero, end: zero },
    /** The image in its frame. ONNX Runtime moves a padding into the pooling, also where it is too wide for it; not this. */
    fill: (x: Value, value = 0) => {
      const wider = frame.map(([before, after], i): [number, number] => [before, i === 1 ? after + 1 : after]);
      const height = shape[1]! + frame[1]![0] + frame[1]![1];
      return slice(pad(x, wider, value), [0], [height], [1]);
    },
    /** The image out of the frame. */
    cut: (x: Value) => {
      const axes = begin.map((_, i) => i + 1);
      return slice(
        x,
        begin,
        axes.map((axis, i) => begin[i]! + shape[axis]!),
        axes,
      );
    },
  };
}

/** How many pixels of the image each window sees, [1, ...out, 1]. */
function areas(shape: readonly number[], outShape: readonly number[], attrs: Attributes): Float32Array {
  const [kernel, strides, begin] = ['kernel', 'strides', 'begin'].map((name) => attrs[name] as readonly number[]) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  const counts = kernel.map((size, i) =>
    Array.from({ length: outShape[i + 1]! }, (_, o) => {
      const start = o * strides[i]! - begin[i]!;
      return Math.max(0, Math.min(start + size, shape[i + 1]!) - Math.max(start, 0));
    }),
  );
  return Float32Array.from(
    counts.reduce<number[]>((product, axis) => product.flatMap((p) => axis.map((count) => p * count)), [1]),
  );
}

/** Pooling where some windows see nothing: as in tfjs -Infinity there, and NaN for images, 0 for volumes. */
function poolOutside(op: string, x: Value, outShape: readonly number[], attrs: Attributes): Value {
  const { fill, attrs: inner } = framed(x.shape, attrs);
  if (op === 'MaxPool') {
    const y = composite(op, [fill(x, LOWEST)], outShape, 'float32', inner);
    return where(compare('LessOrEqual', y, scalar(LOWEST)), scalar(Number.NEGATIVE_INFINITY), y);
  }
  const window = sizeOf(attrs['kernel'] as readonly number[]);
  const nothing = x.shape.length === 5 ? 0 : Number.NaN;
  const factor = areas(x.shape, outShape, attrs).map((count) => (count === 0 ? nothing : window / count));
  const column = [1, ...outShape.slice(1, -1), 1];
  return mul(composite(op, [fill(x)], outShape, 'float32', inner), constantValue(factor, column, 'float32'));
}

const pool =
  (op: string): RecordKernel =>
  (call) => {
    const x = call.inputs['x']!;
    if (x.type !== 'float32') return undefined;
    const { attrs: whole, outShape } = geometry(x.shape, call);
    // tfjs hands windows of one pixel on, wherever their padding says that they look.
    if (sizeOf(whole['kernel'] as readonly number[]) === 1 && sameShape(x.shape, outShape)) return x;
    const { attrs, cut } = trimmed(x.shape, whole);
    if (!inside(attrs)) return poolOutside(op, cut(x), outShape, attrs);
    return composite(op, [cut(x)], outShape, 'float32', attrs);
  };

const averageGradient: RecordKernel = (call) => {
  const { dy, input } = call.inputs as { dy: Value; input: Value };
  const { attrs: whole, outShape } = geometry(input.shape, call);
  const { attrs, shape: seen, restore } = trimmed(input.shape, whole);
  if (inside(attrs)) return restore(composite('AveragePoolGradient', [dy], seen, 'float32', attrs));
  const { shape, attrs: inner, cut } = framed(seen, attrs);
  const window = sizeOf(attrs['kernel'] as readonly number[]);
  const factor = areas(seen, outShape, attrs).map((count) => (count === 0 ? 0 : window / count));
  const share = mul(dy, constantValue(factor, [1, ...outShape.slice(1, -1), 1], 'float32'));
  return restore(cut(composite('AveragePoolGradient', [share], shape, 'float32', inner)));
};

const maxGradient: RecordKernel = (call) => {
  const { dy, input: whole } = call.inputs as { dy: Value; input: Value };
  if (whole.type !== 'float32') return undefined;
  const { attrs: untrimmed, outShape } = geometry(whole.shape, call);
  const { attrs, cut: trim, restore } = trimmed(whole.shape, untrimmed);
  const input = trim(whole);
  if (inside(attrs)) {
    const output = call.inputs['output'] ?? composite('MaxPool', [input], outShape, 'float32', attrs);
    return restore(composite('MaxPoolGradient', [dy, input, output], input.shape, 'float32', attrs));
  }
  const { fill, shape, attrs: inner, cut } = framed(input.shape, attrs);
  const image = fill(input, LOWEST);
  const output = composite('MaxPool', [image], outShape, 'float32', inner);
  return restore(cut(composite('MaxPoolGradient', [dy, image, output], shape, 'float32', inner)));
};

export const pooling: Record<string, RecordKernel> = {
  MaxPool: pool('MaxPool'),
  MaxPool3D: pool('MaxPool'),
  AvgPool: pool('AveragePool'),
  AvgPool3D: pool('AveragePool'),
  AvgPoolGrad: averageGradient,
  AvgPool3DGrad: averageGradient,
  MaxPoolGrad: maxGradient,
  MaxPool3DGrad: maxGradient,
};
