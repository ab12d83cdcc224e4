import type { MakeCase } from './case.js';
import { at, build, type Nd, type Place, places, type Type } from './nd.js';
import type { Random } from './random.js';

/** The numbers that a result is made of, in order. */
type Fold = (numbers: number[], dtype: Type) => number;

interface Row {
  fold: Fold;
  types: readonly Type[];
  result?: (dtype: Type) => Type;
  /** The kernel's name of its axes. */
  axes?: string;
  plain?: boolean;
  smooth?: boolean;
}

const axesOf = (random: Random, rank: number): number[] =>
  random
    .some(
      Array.from({ length: rank }, (_, i) => i),
      Math.min(rank, 1),
    )
    .map((axis) => (random.chance(0.3) ? axis - rank : axis));

function reduced(x: Nd, axes: readonly number[], keep: boolean, dtype: Type, fold: Fold): Nd {
  const rank = x.shape.length;
  const gone = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const kept = x.shape.map((size, axis) => (gone.has(axis) ? 1 : size));
  const inner = x.shape.map((size, axis) => (gone.has(axis) ? size : 1));
  const numbers = (place: Place) =>
    places(inner).map((step) =>
      at(
        x,
        step.map((i, axis) => i + place[axis]!),
      ),
    );
  const result = build(kept, dtype, (place) => fold(numbers(place), x.dtype));
  return keep ? result : { ...result, shape: x.shape.filter((_, axis) => !gone.has(axis)) };
}

const numeric: readonly Type[] = ['float32', 'float32', 'int32', 'bool'];
const counted = (dtype: Type): Type => (dtype === 'bool' ? 'int32' : dtype);
const nan = (numbers: number[]) => numbers.some(Number.isNaN);

const rows: Record<string, Row> = {
  Sum: { fold: (list) => list.reduce((a, b) => a + b, 0), types: numeric, result: counted, plain: true, smooth: true },
  Mean: {
    fold: (list) => list.reduce((a, b) => a + b, 0) / list.length,
    types: numeric,
    result: () => 'float32',
    plain: true,
    smooth: true,
  },
  Prod: {
    fold: (list, dtype) => list.reduce((a, b) => (dtype === 'int32' ? Math.imul(a, b) : a * b), 1),
    types: numeric,
    result: counted,
    smooth: true,
  },
  Max: {
    fold: (list) => (nan(list) ? Number.NaN : Math.max(...list)),
    types: numeric,
    axes: 'reductionIndices',
    smooth: true,
  },
  Min: { fold: (list) => (nan(list) ? Number.NaN : Math.min(...list)), types: numeric, smooth: true },
  All: { fold: (list) => Number(list.every((v) => v !== 0)), types: ['bool'] },
  Any: { fold: (list) => Number(list.some((v) => v !== 0)), types: ['bool'] },
};

/** The first of the best; NaN counts as the worst. */
const argument =
  (sign: 1 | -1): Fold =>
  (list) => {
    const rank = (v: number) => (Number.isNaN(v) ? Number.NEGATIVE_INFINITY : sign * v);
    return list.reduce((best, v, i) => (rank(v) > rank(list[best]!) ? i : best), 0);
  };

const cumulative =
  (step: (sum: number, v: number, dtype: Type) => number, start: number): MakeCase =>
  (random, numbers) => {
    const dtype = random.pick(numeric);
    const shape = random.shape({ least: 1 });
    const axis = random.whole(0, shape.length - 1);
    const [exclusive, reverse] = [random.chance(0.5), random.chance(0.5)];
    return {
      inputs: { x: numbers(shape, dtype, { plain: dtype === 'float32' }) },
      attrs: { axis: random.chance(0.2) ? axis - shape.length : axis, exclusive, reverse },
      expected: ({ x }) =>
        build(shape, counted(dtype), (place) => {
          let sum = start;
          for (let i = 0; i < shape[axis]!; i++) {
            const j = place[axis]!;
            const before = reverse ? i > j : i < j;
            if (before || (i === j && !exclusive))
              sum = step(
                sum,
                at(
                  x!,
                  place.map((p, k) => (k === axis ? i : p)),
                ),
                dtype,
              );
          }
          return sum;
        }),
      differentiable: dtype === 'float32' && start === 0 && axis === shape.length - 1 ? ['x'] : [],
    };
  };

const normal =
  (axisName: string, f: (list: number[], v: number) => number): MakeCase =>
  (random, numbers) => {
    const shape = random.shape({ least: 1, empty: 0 });
    const logits = numbers(shape, 'float32', { plain: true });
    return {
      inputs: { logits },
      attrs: { [axisName]: random.chance(0.5) ? -1 : shape.length - 1 },
      expected: ({ logits: x }) =>
        build(shape, 'float32', (place) => {
          const row = Array.from({ length: shape.at(-1)! }, (_, i) => at(x!, [...place.slice(0, -1), i]));
          return f(row, at(x!, place));
        }),
      differentiable: ['logits'],
    };
  };

export const reductionCases: Record<string, MakeCase> = {
  ...Object.fromEntries(
    Object.entries(rows).map(([name, row]): [string, MakeCase] => [
      name,
      (random, numbers) => {
        const dtype = random.pick(row.types);
        // Products of integers are exact up to 2^63 only, and may be taken in any order.
        const plain = (row.plain && dtype === 'float32') || name === 'Prod';
        const x = numbers(random.shape({ empty: 0 }), dtype, { plain });
        const axes = axesOf(random, x.shape.length);
        const keepDims = random.chance(0.5);
        return {
          inputs: { x },
          attrs: { [row.axes ?? 'axis']: axes, keepDims },
          expected: (inputs) => reduced(inputs['x']!, axes, keepDims, row.result?.(dtype) ?? dtype, row.fold),
          // tfjs's gradient of products is for the last axis alone, and for results without it.
          differentiable:
            row.smooth &&
            dtype === 'float32' &&
            (name !== 'Prod' || (!keepDims && axes.join() === String(x.shape.length - 1)))
              ? ['x']
              : [],
        };
      },
    ]),
  ),
  ...Object.fromEntries(
    ([1, -1] as const).map((sign): [string, MakeCase] => [
      sign === 1 ? 'ArgMax' : 'ArgMin',
      (random, numbers) => {
        const x = numbers(random.shape({ least: 1, empty: 0 }), random.pick(numeric));
        const axis = random.whole(-x.shape.length, x.shape.length - 1);
        return {
          inputs: { x },
          attrs: { axis },
          expected: (inputs) => reduced(inputs['x']!, [axis], false, 'int32', argument(sign)),
        };
      },
    ]),
  ),
  Cumsum: cumulative((a, b) => a + b, 0),
  Cumprod: cumulative((a, b, dtype) => (dtype === 'int32' ? Math.imul(a, b) : a * b), 1),
  Softmax: normal('dim', (row, v) => 1 / row.reduce((sum, other) => sum + Math.exp(other - v), 0)),
  LogSoftmax: normal('axis', (row, v) => -Math.log(row.reduce((sum, other) => sum + Math.exp(other - v), 0))),
};
