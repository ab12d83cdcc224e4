import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  backend_util,
  type DataType,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { stridesOf } from '../ir/shapes.js';

/**
 * Small kernels in JavaScript where those of tfjs's `cpu` give other numbers or types than the graph. Each says what
 * the one answer is; `test/differential` compares all ways.
 */

type Numbers = Float32Array | Int32Array | Uint8Array;
type Types = 'float32' | 'int32' | 'bool';
type Inputs = NamedTensorInfoMap;

const classes = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
const zeros = (dtype: DataType, size: number): Numbers => new classes[dtype as Types](size);

const kernel =
  (f: (cpu: MathBackendCPU, inputs: Inputs, attrs: NamedAttrMap) => TensorInfo | TensorInfo[]): KernelFunc =>
  ({ inputs, attrs, backend }) =>
    f(backend as MathBackendCPU, inputs as Inputs, attrs as NamedAttrMap);

const numbersOf = (cpu: MathBackendCPU, info: TensorInfo): Numbers =>
  cpu.data.get(info.dataId).values as unknown as Numbers;

/** A function of two numbers on broadcast operands; the result has the type of the first. */
const pairwise = (f: (dtype: DataType) => (a: number, b: number) => number): KernelFunc =>
  kernel((cpu, inputs) => {
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    const [x, y] = [numbersOf(cpu, a), numbersOf(cpu, b)];
    const of = f(a.dtype);
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const result = zeros(a.dtype, util.sizeFromShape(shape));
    if (x.length === result.length && y.length === result.length)
      for (let i = 0; i < result.length; i++) result[i] = of(x[i]!, y[i]!);
    else {
      const [ia, ib] = [placesOf(a.shape, shape), placesOf(b.shape, shape)];
      for (let i = 0; i < result.length; i++) result[i] = of(x[ia[i]!]!, y[ib[i]!]!);
    }
    return cpu.makeTensorInfo(shape, a.dtype, result as Float32Array);
  });

/** Where each element of a broadcast shape comes from. */
function placesOf(from: readonly number[], to: readonly number[]): Int32Array {
  const offset = to.length - from.length;
  const strides = stridesOf(from).map((stride, axis) => (from[axis] === 1 ? 0 : stride));
  let places = Int32Array.of(0);
  to.forEach((size, axis) => {
    const stride = axis < offset ? 0 : strides[axis - offset]!;
    const next = new Int32Array(places.length * size);
    places.forEach((place, i) => {
      for (let j = 0; j < size; j++) next[i * size + j] = place + j * stride;
    });
    places = next;
  });
  return places;
}

const exact = (f: (a: number, b: number) => number) => () => f;

/** Integers modulo 2^32, as int32 arithmetic of a processor; JavaScript's products are rounded above 2^53. */
const integersApart = (floats: (a: number, b: number) => number, integers: (a: number, b: number) => number) =>
  pairwise((dtype) => (dtype === 'int32' ? integers : floats));

/** The remainder with the sign of the divisor. NaN for a float divisor of 0, and 0 for an integer one. */
function mod(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** As IEEE 754 has it: 1 to the power of anything is 1, and so is -1 to that of an infinity; not so in JavaScript. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

/** Integers beyond 2^63 become 0. */
function integerPower(a: number, b: number): number {
  const power = a ** b;
  return Math.abs(power) < 2 ** 63 ? power : 0;
}

/** The numbers in another type: integers are truncated modulo 2^32 and 0 for what is not finite; NaN is true. */
function converted(numbers: Numbers, dtype: Types): Numbers {
  if (dtype === 'bool') return Uint8Array.from(numbers, (number) => (number === 0 ? 0 : 1));
  return dtype === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers);
}

/** Position of the best number along one axis, the first of equals; NaN counts as the worst there is. */
const argument = (worst: number, better: (a: number, b: number) => boolean) =>
  kernel((cpu, inputs, attrs) => {
    const { x } = inputs as { x: TensorInfo };
    const [axis = 0] = util.parseAxisParam(attrs['axis'] as number, x.shape);
    const numbers = numbersOf(cpu, x);
    const size = x.shape[axis]!;
    const inner = util.sizeFromShape(x.shape.slice(axis + 1));
    const shape = x.shape.filter((_, i) => i !== axis);
    const result = new Int32Array(util.sizeFromShape(shape));
    for (let i = 0; i < result.length; i++) {
      const start = Math.floor(i / inner) * size * inner + (i % inner);
      let best = worst;
      let place = 0;
      for (let j = 0; j < size; j++) {
        const number = numbers[start + j * inner]!;
        if (better(number, best)) [best, place] = [number, j];
      }
      result[i] = place;
    }
    return cpu.makeTensorInfo(shape, 'int32', result as unknown as Float32Array);
  });

/** The k largest numbers of each row in order, earlier ones first among equals; NaN counts as -Infinity. */
const topK = kernel((cpu, inputs, attrs) => {
  const { x } = inputs as { x: TensorInfo };
  const k = attrs['k'] as number;
  const numbers = numbersOf(cpu, x);
  const size = x.shape.at(-1)!;
  const rows = numbers.length / size;
  const values = zeros(x.dtype, rows * k);
  const indices = new Int32Array(rows * k);
  const rank = (number: number) => (Number.isNaN(number) ? Number.NEGATIVE_INFINITY : number);
  for (let row = 0; row < rows; row++) {
    const order = Array.from({ length: size }, (_, i) => i);
    const at = (i: number) => rank(numbers[row * size + i]!);
    order.sort((i, j) => (at(i) === at(j) ? i - j : at(i) < at(j) ? 1 : -1));
    for (let i = 0; i < k; i++) {
      indices[row * k + i] = order[i]!;
      values[row * k + i] = numbers[row * size + order[i]!]!;
    }
  }
  const shape = [...x.shape.slice(0, -1), k];
  return [
    cpu.makeTensorInfo(shape, x.dtype, values as Float32Array),
    cpu.makeTensorInfo(shape, 'int32', indices as unknown as Float32Array),
  ];
});

/** Sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)), all of one sign, times 2 exp(-x^2) / sqrt(pi); 1 in float32 from 4 on. */
function erf(x: number): number {
  if (!(Math.abs(x) < 4)) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-9 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export const ownKernels: Readonly<Record<string, KernelFunc>> = {
  // The quotient is rounded to float32 first, as elsewhere: .7 / .1 is 7. Integers by 0 are 0.
  FloorDiv: integersApart(
    (a, b) => Math.floor(Math.fround(a / b)),
    (a, b) => Math.floor(a / b),
  ),
  Mod: pairwise(exact(mod)),
  Multiply: integersApart((a, b) => a * b, Math.imul),
  Pow: integersApart(power, integerPower),
  SquaredDifference: integersApart(
    (a, b) => (a - b) * (a - b),
    (a, b) => Math.imul(a - b, a - b),
  ),
  LogicalXor: pairwise(exact((a, b) => (a === b ? 0 : 1))),
  BroadcastTo: kernel((cpu, inputs, attrs) => {
    const { x } = inputs as { x: TensorInfo };
    const shape = attrs['shape'] as number[];
    const numbers = numbersOf(cpu, x);
    const result = zeros(x.dtype, util.sizeFromShape(shape));
    placesOf(x.shape, shape).forEach((place, i) => {
      result[i] = numbers[place]!;
    });
    return cpu.makeTensorInfo(shape, x.dtype, result as Float32Array);
  }),
  ArgMax: argument(Number.NEGATIVE_INFINITY, (a, b) => a > b),
  ArgMin: argument(Number.POSITIVE_INFINITY, (a, b) => a < b),
  TopK: topK,
  // `cpu` has a polynomial with an error of 1.5e-7, which is much for small arguments.
  Erf: kernel((cpu, inputs) => {
    const { x } = inputs as { x: TensorInfo };
    const result = zeros(x.dtype, util.sizeFromShape(x.shape));
    numbersOf(cpu, x).forEach((number, i) => {
      result[i] = erf(number);
    });
    return cpu.makeTensorInfo(x.shape, x.dtype, result as Float32Array);
  }),
  // `cpu` gives the same numbers another type.
  Cast: kernel((cpu, inputs, attrs) => {
    const { x } = inputs as { x: TensorInfo };
    const dtype = attrs['dtype'] as Types;
    return cpu.makeTensorInfo(x.shape, dtype, converted(numbersOf(cpu, x), dtype) as Float32Array);
  }),
};
