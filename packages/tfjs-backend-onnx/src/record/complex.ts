import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Value } from '../ir/graph.js';
import { add, binary, cast, compare, div, full, mul, scalar, sub, unary, where } from '../ir/ops.js';
import type { ComplexValue } from './complex-value.js';
import { fourier } from './fourier.js';
import { gatherScatter } from './gather-scatter.js';
import { converted, type RecordKernel } from './kernel.js';
import { shapeKernels } from './shape-kernels.js';

export interface ComplexOperand {
  real: Value;
  imag: Value | undefined;
}

export interface ComplexCall {
  inputs: Record<string, ComplexOperand>;
  list: ComplexOperand[];
  attrs: NamedAttrMap;
}

type ComplexResult = Value | ComplexValue | readonly ComplexValue[] | undefined;
type ComplexKernel = (call: ComplexCall) => ComplexResult;

const zeros = ({ shape }: Value): Value => full(shape, 0, 'float32');
const imaginary = ({ real, imag }: ComplexOperand): Value => imag ?? zeros(real);

/** Kernels that move numbers do so with both parts. */
const onParts =
  (record: RecordKernel): ComplexKernel =>
  ({ inputs, list, attrs }) => {
    const run = (part: (operand: ComplexOperand, name?: string) => Value) =>
      record({
        inputs: Object.fromEntries(Object.entries(inputs).map(([name, operand]) => [name, part(operand, name)])),
        list: list.map((operand) => part(operand)),
        attrs,
        dtypes: list.map(() => 'float32'),
        varies: () => false,
      });
    const real = run((operand) => operand.real);
    // Indices are real and serve both parts.
    const imag = run((operand, name) => (name === 'indices' ? operand.real : imaginary(operand)));
    if (real === undefined || imag === undefined) return undefined;
    if ('node' in real) return { real, imag: imag as Value };
    return real.map((value, i) => ({ real: value, imag: (imag as readonly Value[])[i]! }));
  };

const componentwise =
  (f: (a: Value, b: Value) => Value): ComplexKernel =>
  ({ inputs: { a, b } }) => ({ real: f(a!.real, b!.real), imag: f(imaginary(a!), imaginary(b!)) });

/** Kernels that can be recorded for complex tensors. */
export const complexKernels: Readonly<Record<string, ComplexKernel | undefined>> = {
  FFT: ({ inputs: { input } }) => fourier(input!.real, imaginary(input!), false),
  IFFT: ({ inputs: { input } }) => fourier(input!.real, imaginary(input!), true),
  Add: componentwise(add),
  Sub: componentwise(sub),
  Multiply: ({ inputs: { a, b } }) => {
    const [ai, bi] = [imaginary(a!), imaginary(b!)];
    return {
      real: sub(mul(a!.real, b!.real), mul(ai, bi)),
      imag: add(mul(a!.real, bi), mul(ai, b!.real)),
    };
  },
  ComplexAbs: ({ inputs: { x } }) => {
    // Scaled by the larger part, so that squares neither vanish nor overflow.
    const [a, b] = [unary('Abs', x!.real), unary('Abs', imaginary(x!))];
    const [large, small] = [binary('Max', a, b), binary('Min', a, b)];
    const ratio = div(small, large);
    const length = mul(large, unary('Sqrt', add(mul(ratio, ratio), scalar(1))));
    const plain = compare('And', compare('Greater', large, scalar(0)), compare('Less', large, scalar(Infinity)));
    const isInfinite = (v: Value) => compare('Equal', v, scalar(Infinity));
    // Infinite even where the other part is not a number.
    const infinite = compare('Or', isInfinite(a), isInfinite(b));
    return where(infinite, scalar(Infinity), where(plain, length, add(large, small)));
  },
  Cast: ({ inputs: { x }, attrs }) => {
    const { real, imag } = x!;
    if (attrs['dtype'] !== 'complex64')
      return attrs['dtype'] === 'string' ? undefined : converted(real, attrs['dtype'] as 'float32');
    const float = cast(real, 'float32');
    return { real: float, imag: imag ?? zeros(float) };
  },
  OnesLike: ({ list: [x] }) => ({ real: full(x!.real.shape, 1, 'float32'), imag: zeros(x!.real) }),
  ZerosLike: ({ list: [x] }) => ({ real: zeros(x!.real), imag: zeros(x!.real) }),
  Concat: onParts(shapeKernels['Concat']!),
  GatherV2: onParts(gatherScatter['GatherV2']!),
  Pack: onParts(shapeKernels['Pack']!),
  Reverse: onParts(shapeKernels['Reverse']!),
  Slice: onParts(shapeKernels['Slice']!),
  SplitV: onParts(shapeKernels['SplitV']!),
  StridedSlice: onParts(shapeKernels['StridedSlice']!),
  Tile: onParts(shapeKernels['Tile']!),
  Transpose: onParts(shapeKernels['Transpose']!),
  Unpack: onParts(shapeKernels['Unpack']!),
};
