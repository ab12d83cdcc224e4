import type { MakeCase, Range } from './case.js';
import { broadcastShape, build, type Nd, spread, type Type } from './nd.js';
import type { Random } from './random.js';

type Unary = (x: number, attrs: Record<string, number>, dtype: Type) => number;

interface UnaryRow {
  f: Unary;
  range?: Range;
  types?: readonly Type[];
  result?: Type;
  attrs?: (random: Random) => Record<string, number>;
  smooth?: boolean;
  tolerance?: number;
}

const floats: readonly Type[] = ['float32'];
const numeric: readonly Type[] = ['float32', 'float32', 'int32'];
const all: readonly Type[] = ['float32', 'int32', 'bool'];

/** Half to even. */
function round(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The series up to 3, the continued fraction of the complement above. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const v = Math.abs(x);
  if (v > 3) {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / 2 / (v + fraction);
    return Math.sign(x) * (1 - Math.exp(-v * v) / (v + fraction) / Math.sqrt(Math.PI));
  }
  let term = v;
  let sum = v;
  for (let n = 1; n < 80; n++) {
    term *= (-v * v) / n;
    sum += term / (2 * n + 1);
  }
  return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
}

const ALPHA = 1.6732632423543772;
const SCALE = 1.0507009873554805;

const unaryRows: Record<string, UnaryRow> = {
  Abs: { f: Math.abs, types: numeric, smooth: true },
  Acos: { f: Math.acos, range: { low: -0.9, high: 0.9 }, smooth: true },
  Acosh: { f: Math.acosh, range: { low: 1.1, high: 5 }, smooth: true },
  Asin: { f: Math.asin, range: { low: -0.9, high: 0.9 }, smooth: true },
  Asinh: { f: Math.asinh, smooth: true },
  Atan: { f: Math.atan, smooth: true },
  Atanh: { f: Math.atanh, range: { low: -0.9, high: 0.9 }, smooth: true },
  Ceil: { f: Math.ceil, types: numeric },
  ClipByValue: {
    f: (x, { clipValueMin: low, clipValueMax: high }) => (x > high! ? high! : Math.max(x, low!)),
    types: numeric,
    attrs: (random) => ({ clipValueMin: random.whole(-3, 0), clipValueMax: random.whole(0, 3) }),
  },
  Cos: { f: Math.cos, range: { plain: true }, smooth: true },
  Cosh: { f: Math.cosh, smooth: true },
  Elu: { f: (x) => (x >= 0 ? x : Math.expm1(x)), smooth: true },
  Erf: { f: erf, smooth: true },
  Exp: { f: Math.exp, types: numeric, result: 'float32', smooth: true },
  Expm1: { f: Math.expm1, smooth: true },
  Floor: { f: Math.floor, types: numeric },
  IsFinite: { f: (x) => Number(Number.isFinite(x)), types: all, result: 'bool' },
  IsInf: { f: (x) => Number(Math.abs(x) === Infinity), types: all, result: 'bool' },
  IsNan: { f: (x) => Number(Number.isNaN(x)), types: all, result: 'bool' },
  LeakyRelu: {
    f: (x, { alpha }) => (x < 0 ? alpha! * x : x),
    types: numeric,
    result: 'float32',
    attrs: (random) => ({ alpha: random.pick([0.2, 0.01, 0.5]) }),
    smooth: true,
  },
  Log: { f: Math.log, range: { low: 0.1, high: 4 }, smooth: true },
  Log1p: { f: Math.log1p, range: { low: -0.9, high: 4 }, smooth: true },
  LogicalNot: { f: (x) => Number(x === 0), types: ['bool'], result: 'bool' },
  Neg: { f: (x) => -x, types: numeric, smooth: true },
  OnesLike: { f: () => 1, types: all },
  Reciprocal: { f: (x) => 1 / x, types: floats, smooth: true },
  Relu: { f: (x) => Math.max(x, 0), types: numeric, smooth: true },
  Relu6: { f: (x) => (x < 0 ? 0 : Math.min(x, 6)), types: numeric, range: { low: -8, high: 9 }, smooth: true },
  Round: { f: round, types: numeric },
  Rsqrt: { f: (x) => 1 / Math.sqrt(x), range: { low: 0.1, high: 4 }, smooth: true },
  Selu: { f: (x) => (x >= 0 ? SCALE * x : SCALE * ALPHA * Math.expm1(x)), smooth: true },
  Sigmoid: { f: (x) => 1 / (1 + Math.exp(-x)), smooth: true },
  Sign: { f: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0), types: numeric },
  Sin: { f: Math.sin, range: { plain: true }, smooth: true },
  Sinh: { f: Math.sinh, smooth: true },
  Softplus: { f: (x) => (x > 30 ? x : Math.log1p(Math.exp(x))), smooth: true },
  Sqrt: { f: Math.sqrt, range: { low: 0.1, high: 4 }, smooth: true },
  Square: { f: (x, _, dtype) => (dtype === 'int32' ? Math.imul(x, x) : x * x), types: numeric, smooth: true },
  Step: {
    f: (x, { alpha }) => (Number.isNaN(x) ? x : x > 0 ? 1 : alpha!),
    types: numeric,
    attrs: (random) => ({ alpha: random.pick([0, 1, 2]) }),
  },
  Tan: { f: Math.tan, range: { low: -1.4, high: 1.4, plain: true }, smooth: true },
  Tanh: { f: Math.tanh, smooth: true },
  ZerosLike: { f: () => 0, types: all },
};

/** Products of integers modulo 2^32. */
const integers = (dtype: Type, f: (a: number, b: number) => number, whole: typeof f) => (dtype === 'int32' ? whole : f);

type Binary = (a: number, b: number, dtype: Type) => number;

interface BinaryRow {
  f: Binary;
  types?: readonly Type[];
  result?: Type;
  range?: Range;
  /** Differentiable; `apart`: tfjs's gradient knows no broadcasting. */
  smooth?: boolean | 'apart';
}

/** The remainder with the sign of the divisor, as NumPy and PyTorch define it. */
function remainder(a: number, b: number): number {
  if (b === 0) return Number.NaN;
  const rest = a % b;
  return rest !== 0 && Math.sign(rest) !== Math.sign(b) ? rest + b : rest;
}

const truth =
  (f: (a: number, b: number) => boolean): Binary =>
  (a, b) =>
    Number(f(a, b));

const binaryRows: Record<string, BinaryRow> = {
  Add: { f: (a, b) => a + b, types: all, smooth: true },
  Sub: { f: (a, b) => a - b, types: all, smooth: true },
  Multiply: { f: (a, b, type) => integers(type, (x, y) => x * y, Math.imul)(a, b), types: all, smooth: true },
  RealDiv: { f: (a, b) => a / b, types: floats, smooth: true },
  FloorDiv: {
    f: (a, b, type) => Math.floor(type === 'float32' ? Math.fround(a / b) : a / b),
    types: numeric,
  },
  Mod: { f: remainder, types: numeric },
  Maximum: {
    f: (a, b) => (Number.isNaN(a + b) ? a + b || Number.NaN : Math.max(a, b)),
    types: numeric,
    smooth: 'apart',
  },
  Minimum: {
    f: (a, b) => (Number.isNaN(a + b) ? a + b || Number.NaN : Math.min(a, b)),
    types: numeric,
    smooth: 'apart',
  },
  Pow: {
    f: (a, b, type) => {
      const power = a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
      return type === 'int32' && Math.abs(power) >= 2 ** 63 ? 0 : power;
    },
    types: numeric,
    range: { low: 0.2, high: 3 },
    smooth: true,
  },
  SquaredDifference: {
    f: (a, b, type) =>
      integers(
        type,
        (x, y) => (x - y) ** 2,
        (x, y) => Math.imul(x - y, x - y),
      )(a, b),
    types: numeric,
    smooth: 'apart',
  },
  Atan2: { f: Math.atan2, types: floats, smooth: true },
  BitwiseAnd: { f: (a, b) => a & b, types: ['int32'] },
  Equal: { f: truth((a, b) => a === b), types: all, result: 'bool' },
  NotEqual: { f: truth((a, b) => a !== b), types: all, result: 'bool' },
  Greater: { f: truth((a, b) => a > b), types: all, result: 'bool' },
  GreaterEqual: { f: truth((a, b) => a >= b), types: all, result: 'bool' },
  Less: { f: truth((a, b) => a < b), types: all, result: 'bool' },
  LessEqual: { f: truth((a, b) => a <= b), types: all, result: 'bool' },
  LogicalAnd: { f: truth((a, b) => a !== 0 && b !== 0), types: ['bool'], result: 'bool' },
  LogicalOr: { f: truth((a, b) => a !== 0 || b !== 0), types: ['bool'], result: 'bool' },
  LogicalXor: { f: truth((a, b) => (a !== 0) !== (b !== 0)), types: ['bool'], result: 'bool' },
};
const pair = (random: Random): [number[], number[]] => {
  const shape = random.shape();
  const part = random.part(shape);
  // Both may be broadcast: [3, 1] with [1, 4].
  const whole = shape.map((size) => (random.chance(0.15) ? 1 : size));
  return random.chance(0.5) ? [whole, part] : [part, whole];
};

export function elementwise(a: Nd, b: Nd, dtype: Type, f: (x: number, y: number) => number): Nd {
  return build(broadcastShape(a.shape, b.shape), dtype, (place) => f(spread(a, place), spread(b, place)));
}

export const elementwiseCases: Record<string, MakeCase> = {
  ...Object.fromEntries(
    Object.entries(unaryRows).map(([name, row]): [string, MakeCase] => [
      name,
      (random, numbers) => {
        const dtype = random.pick(row.types ?? floats);
        const attrs = row.attrs?.(random) ?? {};
        return {
          inputs: { x: numbers(random.shape(), dtype, row.range) },
          attrs,
          expected: ({ x }) =>
            build(x!.shape, row.result ?? dtype, (place) =>
              row.f(spread(x!, place), attrs as Record<string, number>, dtype),
            ),
          differentiable: row.smooth && dtype === 'float32' ? ['x'] : [],
          tolerance: row.tolerance ?? 2e-6,
        };
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(binaryRows).map(([name, row]): [string, MakeCase] => [
      name,
      (random, numbers) => {
        const dtype = random.pick(row.types ?? floats);
        const [left, right] = pair(random);
        return {
          inputs: { a: numbers(left, dtype, row.range), b: numbers(right, dtype, row.range) },
          expected: ({ a, b }) => elementwise(a!, b!, row.result ?? dtype, (x, y) => row.f(x, y, dtype)),
          differentiable:
            dtype === 'float32' && (row.smooth === true || (row.smooth === 'apart' && left.join() === right.join()))
              ? ['a', 'b']
              : [],
          tolerance: 2e-6,
        };
      },
    ]),
  ),
  AddN: (random, numbers) => {
    const shape = random.shape();
    const dtype = random.pick(all);
    return {
      inputs: Array.from({ length: random.whole(1, 4) }, () => numbers(shape, dtype, { plain: true })),
      expected: (inputs) =>
        build(shape, dtype, (place) => Object.values(inputs).reduce((sum, x) => sum + spread(x, place), 0)),
    };
  },
  Cast: (random, numbers) => {
    const [from, to] = [random.pick(all), random.pick(all)];
    return {
      inputs: { x: numbers(random.shape(), from) },
      attrs: { dtype: to },
      expected: ({ x }) =>
        build(x!.shape, to, (place) => (Number.isNaN(spread(x!, place)) && to === 'bool' ? 1 : spread(x!, place))),
    };
  },
  EluGrad: (random, numbers) => {
    const shape = random.shape();
    return {
      inputs: { dy: numbers(shape), y: numbers(shape, 'float32', { low: -0.9 }) },
      expected: ({ dy, y }) => elementwise(dy!, y!, 'float32', (d, v) => (v >= 0 ? d : d * (v + 1))),
    };
  },
  Prelu: (random, numbers) => {
    const shape = random.shape();
    return {
      inputs: { x: numbers(shape), alpha: numbers(random.part(shape)) },
      expected: ({ x, alpha }) => elementwise(x!, alpha!, 'float32', (v, a) => (v < 0 ? a * v : v)),
      differentiable: ['x', 'alpha'],
    };
  },
};
