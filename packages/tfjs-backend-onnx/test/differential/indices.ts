import type { Case, MakeCase } from './case.js';
import { at, build, type Nd, places, sizeOf, spread, type Type } from './nd.js';
import type { Random } from './random.js';
import { moved } from './shapes.js';

const types: readonly Type[] = ['float32', 'int32', 'bool'];

/** Indices in [0, below), of which a few are outside in some of the cases: then the call must fail. */
function chosen(random: Random, shape: readonly number[], sizes: readonly number[]): { indices: Nd; fails: boolean } {
  const values = places(shape).map((place) => random.whole(0, sizes[(place.at(-1) ?? 0) % sizes.length]! - 1));
  const fails = values.length > 0 && random.chance(0.2);
  if (fails) {
    const wrong = random.whole(0, values.length - 1);
    values[wrong] = random.pick([
      -1,
      -sizes[wrong % sizes.length]!,
      sizes[wrong % sizes.length]!,
      2 ** 31 - 1,
      -(2 ** 31),
    ]);
  }
  return { indices: { shape, values, dtype: 'int32' }, fails };
}

/** The multi-dimensional index that stands in the last axis at a place of the others. */
const pathAt = (indices: Nd, place: readonly number[]): number[] =>
  Array.from({ length: indices.shape.at(-1)! }, (_, i) => at(indices, [...place, i]));

/** Indices [...outer, depth] into an array, and the shape that they give. */
function paths(random: Random) {
  const shape = random.shape({ least: 1, most: 4, empty: 0 });
  const depth = random.whole(1, shape.length);
  const outer = random.shape({ least: 1, most: 2, size: 5, empty: 0 });
  return { shape, outer, depth, ...chosen(random, [...outer, depth], shape.slice(0, depth)) };
}

const counted =
  (dense: boolean): MakeCase =>
  (random, numbers) => {
    const rows = dense && random.chance(0.6) ? random.whole(1, 3) : undefined;
    const n = random.whole(1, 8);
    const shape = rows === undefined ? [n] : [rows, n];
    const size = random.whole(1, 6);
    const x = numbers(shape, 'int32', { low: 0, high: 8, plain: true });
    const binary = dense && random.chance(0.3);
    const weights = random.chance(0.6) ? numbers(shape, random.pick(['float32', 'int32']), { plain: true }) : undefined;
    const dtype = weights?.dtype ?? 'float32';
    return {
      inputs: { x, weights: weights ?? { shape: [0], values: [], dtype: 'float32' } },
      attrs: { size, ...(dense ? { binaryOutput: binary } : {}) },
      expected: () =>
        build([...shape.slice(0, -1), size], dtype, (place) => {
          let sum = 0;
          for (let i = 0; i < n; i++) {
            const source = [...place.slice(0, -1), i];
            if (at(x, source) !== place.at(-1)) continue;
            sum += weights === undefined ? 1 : at(weights, source);
          }
          const hit = Array.from({ length: n }, (_, i) => at(x, [...place.slice(0, -1), i])).includes(place.at(-1)!);
          return binary && rows !== undefined ? Number(hit) : sum;
        }),
    };
  };

const negative =
  (make: MakeCase): MakeCase =>
  (random, numbers) => {
    const base = make(random, numbers);
    const { x } = base.inputs as Record<string, Nd>;
    if (!random.chance(0.15)) return base;
    const values = Array.from(x!.values);
    values[random.whole(0, values.length - 1)] = -random.whole(1, 5);
    return { ...base, inputs: { ...base.inputs, x: { ...x!, values } }, fails: true };
  };

export const indexCases: Record<string, MakeCase> = {
  GatherV2: (random, numbers) => {
    const shape = random.shape({ least: 1, most: 4, empty: 0 });
    const batchDims = random.chance(0.3) ? random.whole(0, shape.length - 1) : 0;
    const axis = random.whole(batchDims, shape.length - 1);
    const extra = random.shape({ least: batchDims > 0 ? 1 : 0, most: 2, empty: 0 });
    const { indices, fails } = chosen(random, [...shape.slice(0, batchDims), ...extra], [shape[axis]!]);
    const dtype = random.pick([...types, 'complex64'] as const);
    return {
      inputs: { x: numbers(shape, dtype), indices },
      attrs: { axis: random.chance(0.2) && batchDims === 0 ? axis - shape.length : axis, batchDims },
      fails,
      expected: (inputs) =>
        moved(inputs['x']!, (x) =>
          build([...shape.slice(0, axis), ...extra, ...shape.slice(axis + 1)], dtype, (place) => {
            const id = at(indices, [...place.slice(0, batchDims), ...place.slice(axis, axis + extra.length)]);
            return at(x, [...place.slice(0, axis), id, ...place.slice(axis + extra.length)]);
          }),
        ),
      differentiable: dtype === 'float32' && batchDims === 0 ? ['x'] : [],
    };
  },
  GatherNd: (random, numbers) => {
    const { shape, outer, depth, indices, fails } = paths(random);
    const params = numbers(shape, random.pick(types));
    return {
      inputs: { params, indices },
      fails,
      expected: () =>
        build([...outer, ...shape.slice(depth)], params.dtype, (place) =>
          at(params, [...pathAt(indices, place.slice(0, outer.length)), ...place.slice(outer.length)]),
        ),
    };
  },
  ScatterNd: (random, numbers) => {
    const { shape, outer, depth, indices, fails } = paths(random);
    const updates = numbers([...outer, ...shape.slice(depth)], random.pick(types), { plain: true });
    return {
      inputs: { indices, updates },
      attrs: { shape },
      fails,
      expected: () =>
        build(shape, updates.dtype, (place) => {
          let sum = 0;
          for (const source of places(outer))
            if (pathAt(indices, source).join() === place.slice(0, depth).join())
              sum += at(updates, [...source, ...place.slice(depth)]);
          return sum;
        }),
    };
  },
  TensorScatterUpdate: (random, numbers) => {
    const { shape, outer, depth, indices, fails } = paths(random);
    const dtype = random.pick(types);
    const [tensor, updates] = [numbers(shape, dtype), numbers([...outer, ...shape.slice(depth)], dtype)];
    return {
      inputs: { tensor, indices, updates },
      attrs: {},
      fails,
      expected: () =>
        build(shape, dtype, (place) => {
          let value = at(tensor, place);
          for (const source of places(outer))
            if (pathAt(indices, source).join() === place.slice(0, depth).join())
              value = at(updates, [...source, ...place.slice(depth)]);
          return value;
        }),
    };
  },
  SparseToDense: (random, numbers) => {
    const shape = random.shape({ least: 1, most: 3, empty: 0 });
    const count = random.whole(1, 5);
    const { indices, fails } = chosen(random, [count, shape.length], shape);
    const dtype = random.pick(types);
    const single = random.chance(0.2);
    const values = numbers(single ? [] : [count], dtype);
    const defaultValue = numbers([], dtype);
    return {
      inputs: { sparseIndices: indices, sparseValues: values, defaultValue },
      attrs: { outputShape: shape },
      fails,
      expected: () =>
        build(shape, dtype, (place) => {
          let value = defaultValue.values[0]!;
          for (let i = 0; i < count; i++) if (pathAt(indices, [i]).join() === place.join()) value = spread(values, [i]);
          return value;
        }),
    };
  },
  UnsortedSegmentSum: (random, numbers) => {
    const count = random.whole(1, 6);
    const rest = random.shape({ most: 3, empty: 0 });
    const dtype = random.pick(['float32', 'float32', 'int32'] as const);
    const numSegments = random.whole(1, 5);
    const x = numbers([count, ...rest], dtype, { plain: true });
    // tfjs's gradient takes no ids from the number of segments on.
    const high = dtype === 'float32' ? numSegments - 1 : 6;
    const segmentIds = numbers([count], 'int32', { low: -2, high, plain: true });
    return {
      inputs: { x, segmentIds },
      attrs: { numSegments },
      expected: (inputs) =>
        build([numSegments, ...rest], dtype, ([segment, ...place]) => {
          let sum = 0;
          for (let i = 0; i < count; i++) if (segmentIds.values[i] === segment) sum += at(inputs['x']!, [i, ...place]);
          return sum;
        }),
      differentiable: dtype === 'float32' ? ['x'] : [],
    };
  },
  OneHot: (random, numbers) => {
    const indices = numbers(random.shape({ most: 3, empty: 0 }), 'int32', { low: -2, high: 6 });
    const depth = random.whole(1, 5);
    const dtype = random.pick(types);
    const [onValue, offValue] = dtype === 'bool' ? [1, 0] : random.pick([[1, 0] as const, [3, -2] as const]);
    return {
      inputs: { indices },
      attrs: { depth, onValue, offValue, dtype },
      expected: () =>
        build([...indices.shape, depth], dtype, (place) =>
          at(indices, place.slice(0, -1)) === place.at(-1) ? onValue : offValue,
        ),
    };
  },
  Select: (random, numbers) => {
    const shape = random.shape({ least: 1 });
    const rows = random.chance(0.4);
    const [first, second] = random.chance(0.8)
      ? (() => {
          const dtype = random.pick(types);
          return [dtype, dtype];
        })()
      : [random.pick(types), random.pick(types)];
    const dtype: Type = [first, second].includes('float32')
      ? 'float32'
      : [first, second].includes('int32')
        ? 'int32'
        : 'bool';
    return {
      inputs: {
        condition: numbers(rows ? shape.slice(0, 1) : shape, 'bool'),
        t: numbers(shape, first),
        e: numbers(shape, second),
      },
      expected: ({ condition, t, e }) =>
        build(shape, dtype, (place) => at(at(condition!, rows ? place.slice(0, 1) : place) !== 0 ? t! : e!, place)),
    };
  },
  TopK: (random, numbers) => {
    const shape = random.shape({ least: 1, most: 3, size: 5, empty: 0 });
    const k = random.whole(1, shape.at(-1)!);
    const x = numbers(shape, random.pick(['float32', 'int32']));
    const order = (place: readonly number[]): number[] => {
      const rank = (i: number) => {
        const v = at(x, [...place.slice(0, -1), i]);
        return Number.isNaN(v) ? Number.NEGATIVE_INFINITY : v;
      };
      return Array.from({ length: shape.at(-1)! }, (_, i) => i).sort((i, j) =>
        rank(i) === rank(j) ? i - j : rank(i) < rank(j) ? 1 : -1,
      );
    };
    const out = [...shape.slice(0, -1), k];
    return {
      inputs: { x },
      attrs: { k, sorted: true },
      expected: () => [
        build(out, x.dtype, (place) => at(x, [...place.slice(0, -1), order(place)[place.at(-1)!]!])),
        build(out, 'int32', (place) => order(place)[place.at(-1)!]!),
      ],
    };
  },
  Bincount: negative(counted(false)),
  DenseBincount: negative(counted(true)),
  SearchSorted: (random, numbers): Case => {
    const [rows, n, m] = [random.whole(1, 3), random.whole(1, 6), random.whole(1, 5)];
    const dtype = random.pick(['float32', 'int32'] as const);
    const unsorted = numbers([rows, n], dtype, { plain: true });
    const values = Array.from({ length: rows }, (_, row) =>
      Array.from(unsorted.values)
        .slice(row * n, (row + 1) * n)
        .sort((a, b) => a - b),
    ).flat();
    const wanted = numbers([rows, m], dtype, { plain: true });
    const side = random.pick(['left', 'right']);
    return {
      inputs: { sortedSequence: { ...unsorted, values }, values: wanted },
      attrs: { side },
      expected: () =>
        build([rows, m], 'int32', ([row, i]) => {
          const v = at(wanted, [row!, i!]);
          return values.slice(row! * n, (row! + 1) * n).filter((s) => (side === 'left' ? s < v : s <= v)).length;
        }),
    };
  },
  LinSpace: (random) => {
    const [start, stop, num] = [random.whole(-3, 3), random.whole(4, 9), random.whole(2, 9)];
    return {
      inputs: {},
      attrs: { start, stop, num },
      expected: () => build([num], 'float32', ([i]) => start + ((stop - start) * i!) / (num - 1)),
    };
  },
  Range: (random) => {
    const [start, step, count] = [random.whole(-3, 3), random.pick([1, 2, -1]), random.whole(1, 9)];
    return {
      inputs: {},
      attrs: { start, stop: start + step * count, step, dtype: random.pick(['float32', 'int32']) },
      expected: (_, attrs) => build([count], attrs['dtype'] as Type, ([i]) => start + step * i!),
    };
  },
};

export { sizeOf };
