import { backend_util } from '@tensorflow/tfjs-core';
import type { Attributes, Value } from '../ir/graph.js';
import { composite } from '../ir/ops.js';
import { geometry2D, geometry3D } from './convolution.js';
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

const pool =
  (op: string): RecordKernel =>
  (call) => {
    const x = call.inputs['x']!;
    if (x.type !== 'float32') return undefined;
    const { attrs, outShape } = geometry(x.shape, call);
    if (!inside(attrs)) return undefined;
    return composite(op, [x], outShape, 'float32', attrs);
  };

const averageGradient: RecordKernel = (call) => {
  const { dy, input } = call.inputs as { dy: Value; input: Value };
  const { attrs } = geometry(input.shape, call);
  if (!inside(attrs)) return undefined;
  return composite('AveragePoolGradient', [dy], input.shape, 'float32', attrs);
};

const maxGradient: RecordKernel = (call) => {
  const { dy, input } = call.inputs as { dy: Value; input: Value };
  if (input.type !== 'float32') return undefined;
  const { attrs, outShape } = geometry(input.shape, call);
  if (!inside(attrs)) return undefined;
  const output = call.inputs['output'] ?? composite('MaxPool', [input], outShape, 'float32', attrs);
  return composite('MaxPoolGradient', [dy, input, output], input.shape, 'float32', attrs);
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
