import { slice_util } from '@tensorflow/tfjs-core';
import type { MakeCase } from './case.js';
import { at, build, type Nd, places, reshaped, spread, type Type } from './nd.js';
import type { Random } from './random.js';

const types: readonly Type[] = ['float32', 'int32', 'bool'];
const withComplex: readonly Type[] = ['float32', 'float32', 'int32', 'bool', 'complex64'];

/** The same move of real and imaginary parts. */
export function moved(x: Nd, move: (x: Nd) => Nd): Nd {
  if (x.imag === undefined) return move(x);
  return { ...move(x), imag: move({ ...x, values: x.imag }).values };
}

const from = (x: Nd, shape: readonly number[], source: (place: number[]) => number[]): Nd =>
  moved(x, (part) => build(shape, x.dtype, (place) => at(part, source(place))));

const smooth = (dtype: Type): string[] => (dtype === 'float32' ? ['x'] : []);

function pads(random: Random, shape: readonly number[], most: (size: number) => number): [number, number][] {
  return shape.map((size) => [random.whole(0, most(size)), random.whole(0, most(size))]);
}

/** Operands that are equal but for one axis, and the axis. */
function joinable(random: Random, least: number) {
  const shape = random.shape({ least });
  const axis = shape.length === 0 ? 0 : random.whole(0, shape.length - 1);
  return { shape, axis, count: random.whole(1, 3), written: random.chance(0.3) ? axis - shape.length : axis };
}

const image = (random: Random): number[] => [0, 1, 2, 3].map(() => random.whole(1, 4));

export const shapeCases: Record<string, MakeCase> = {
  Identity: (random, numbers) => {
    const dtype = random.pick(types);
    return { inputs: { x: numbers(random.shape(), dtype) }, expected: ({ x }) => x!, differentiable: smooth(dtype) };
  },
  Reshape: (random, numbers) => {
    const x = numbers(random.shape(), random.pick(withComplex));
    return {
      inputs: { x },
      attrs: { shape: [x.values.length] },
      expected: (inputs) => reshaped(inputs['x']!, [x.values.length]),
    };
  },
  ExpandDims: (random, numbers) => {
    const shape = random.shape({ most: 5 });
    const dim = random.whole(0, shape.length);
    return {
      inputs: { input: numbers(shape, random.pick(types)) },
      attrs: { dim: random.chance(0.3) ? dim - shape.length - 1 : dim },
      expected: ({ input }) => reshaped(input!, [...shape.slice(0, dim), 1, ...shape.slice(dim)]),
    };
  },
  Transpose: (random, numbers) => {
    const dtype = random.pick(withComplex);
    const shape = random.shape();
    const perm = random.shuffled(shape.map((_, i) => i));
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { perm },
      expected: ({ x }) =>
        from(
          x!,
          perm.map((axis) => shape[axis]!),
          (place) => shape.map((_, axis) => place[perm.indexOf(axis)]!),
        ),
      differentiable: smooth(dtype),
    };
  },
  Slice: (random, numbers) => {
    const dtype = random.pick(withComplex);
    const shape = random.shape({ least: 1 });
    const begin = shape.map((size) => random.whole(0, Math.max(0, size - 1)));
    const size = shape.map((length, axis) => random.whole(0, length - begin[axis]!));
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { begin, size: size.map((n, axis) => (n === shape[axis]! - begin[axis]! && random.chance(0.3) ? -1 : n)) },
      expected: ({ x }) => from(x!, size, (place) => place.map((i, axis) => i + begin[axis]!)),
      differentiable: smooth(dtype),
    };
  },
  StridedSlice: (random, numbers) => {
    const dtype = random.pick(withComplex);
    const shape = random.shape({ least: 1, empty: 0 });
    const strides = shape.map(() => random.pick([1, 2, -1, -2, 3]));
    const begin = shape.map((size) => random.whole(-size, size - 1));
    const end = shape.map((size) => random.whole(-size, size));
    const masks = {
      beginMask: random.whole(0, 3),
      endMask: random.whole(0, 3),
      ellipsisMask: 0,
      newAxisMask: random.pick([0, 0, 1]),
      shrinkAxisMask: random.pick([0, 0, 2]),
    };
    // An axis that is dropped has no steps.
    if (masks.shrinkAxisMask > 0 && shape.length > 1) strides[1] = 1;
    if (masks.shrinkAxisMask > 0 && masks.newAxisMask > 0) masks.newAxisMask = 0;
    const info = slice_util.sliceInfo(
      shape,
      begin,
      end,
      strides,
      masks.beginMask,
      masks.endMask,
      masks.ellipsisMask,
      masks.newAxisMask,
      masks.shrinkAxisMask,
    );
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { begin, end, strides, ...masks },
      // Without a definition of axes that are dropped, the ways are compared with each other.
      expected:
        masks.shrinkAxisMask > 0
          ? undefined
          : ({ x }) => {
              const sparse = from(x!, info.finalShapeSparse, (place) =>
                place.map((i, axis) => info.begin[axis]! + i * info.strides[axis]!),
              );
              return reshaped(sparse, info.finalShape);
            },
    };
  },
  PadV2: (random, numbers) => {
    const dtype = random.pick(types);
    const shape = random.shape({ least: 1, most: 5 });
    const paddings = pads(random, shape, () => 2);
    const value = dtype === 'bool' ? random.whole(0, 1) : random.whole(-2, 2);
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { paddings, constantValue: value },
      expected: ({ x }) =>
        build(
          shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]),
          dtype,
          (place) => {
            const inner = place.map((i, axis) => i - paddings[axis]![0]);
            return inner.every((i, axis) => i >= 0 && i < shape[axis]!) ? at(x!, inner) : value;
          },
        ),
      differentiable: smooth(dtype),
    };
  },
  MirrorPad: (random, numbers) => {
    const dtype = random.pick(types);
    const mode = random.pick(['reflect', 'symmetric']);
    const shape = random.shape({ least: 1, most: 4, empty: 0 });
    const paddings = pads(random, shape, (size) => (mode === 'reflect' ? size - 1 : size));
    const edge = mode === 'reflect' ? 1 : 0;
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { paddings, mode },
      expected: ({ x }) =>
        from(
          x!,
          shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]),
          (place) =>
            place.map((i, axis) => {
              const j = i - paddings[axis]![0];
              if (j < 0) return -j - 1 + edge;
              return j >= shape[axis]! ? 2 * shape[axis]! - 1 - j - edge : j;
            }),
        ),
    };
  },
  Concat: (random, numbers) => {
    const dtype = random.pick(withComplex);
    const { shape, axis, count, written } = joinable(random, 1);
    const sizes = Array.from({ length: count }, () => random.whole(random.chance(0.1) ? 0 : 1, 3));
    const resized = (size: number) => shape.map((length, i) => (i === axis ? size : length));
    const total = sizes.reduce((a, b) => a + b, 0);
    return {
      inputs: sizes.map((size) => numbers(resized(size), dtype)),
      attrs: { axis: written },
      expected: (inputs) => {
        const list = Object.values(inputs);
        const whole = (parts: Nd[]) =>
          build(resized(total), dtype, (place) => {
            let i = place[axis]!;
            let part = 0;
            while (i >= sizes[part]!) i -= sizes[part++]!;
            return at(
              parts[part]!,
              place.map((p, j) => (j === axis ? i : p)),
            );
          });
        const real = whole(list);
        return dtype === 'complex64'
          ? { ...real, imag: whole(list.map((x) => ({ ...x, values: x.imag! }))).values }
          : real;
      },
    };
  },
  Pack: (random, numbers) => {
    const dtype = random.pick(types);
    const shape = random.shape({ most: 5 });
    const axis = random.whole(0, shape.length);
    const count = random.whole(1, 3);
    return {
      inputs: Array.from({ length: count }, () => numbers(shape, dtype)),
      attrs: { axis },
      expected: (inputs) =>
        build([...shape.slice(0, axis), count, ...shape.slice(axis)], dtype, (place) =>
          at(
            Object.values(inputs)[place[axis]!]!,
            place.filter((_, i) => i !== axis),
          ),
        ),
    };
  },
  Unpack: (random, numbers) => {
    const dtype = random.pick(types);
    const shape = random.shape({ least: 1, empty: 0 }); // of nothing no function is made
    const axis = random.whole(0, shape.length - 1);
    return {
      inputs: { value: numbers(shape, dtype) },
      attrs: { axis: random.chance(0.3) ? axis - shape.length : axis },
      expected: ({ value }) =>
        Array.from({ length: shape[axis]! }, (_, i) =>
          from(
            value!,
            shape.filter((_, j) => j !== axis),
            (place) => [...place.slice(0, axis), i, ...place.slice(axis)],
          ),
        ),
    };
  },
  SplitV: (random, numbers) => {
    const dtype = random.pick(types);
    const shape = random.shape({ least: 1 });
    const axis = random.whole(0, shape.length - 1);
    const first = random.whole(0, shape[axis]!);
    const sizes = [first, shape[axis]! - first];
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { axis: random.chance(0.3) ? axis - shape.length : axis, numOrSizeSplits: sizes },
      expected: ({ x }) =>
        sizes.map((size, part) =>
          from(
            x!,
            shape.map((n, i) => (i === axis ? size : n)),
            (place) => place.map((p, i) => (i === axis && part === 1 ? p + first : p)),
          ),
        ),
    };
  },
  Tile: (random, numbers) => {
    const dtype = random.pick(withComplex);
    const shape = random.shape({ most: 5 });
    const reps = shape.map(() => random.whole(random.chance(0.05) ? 0 : 1, 3));
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { reps },
      expected: ({ x }) =>
        from(
          x!,
          shape.map((size, axis) => size * reps[axis]!),
          (place) => place.map((i, axis) => i % shape[axis]!),
        ),
      differentiable: reps.includes(0) || shape.includes(0) ? [] : smooth(dtype),
    };
  },
  BroadcastTo: (random, numbers) => {
    const shape = random.shape({ empty: 0 });
    const part = random.part(shape);
    return {
      inputs: { x: numbers(part, random.pick(types)) },
      attrs: { shape, inputShape: part },
      expected: ({ x }) => build(shape, x!.dtype, (place) => spread(x!, place)),
    };
  },
  Reverse: (random, numbers) => {
    const dtype = random.pick(withComplex);
    const shape = random.shape();
    const dims = random.some(shape.map((_, i) => i));
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { dims },
      expected: ({ x }) =>
        from(x!, shape, (place) => place.map((i, axis) => (dims.includes(axis) ? shape[axis]! - 1 - i : i))),
      differentiable: smooth(dtype),
    };
  },
  FlipLeftRight: (random, numbers) => {
    const shape = image(random);
    return {
      inputs: { image: numbers(shape) },
      expected: ({ image: x }) => from(x!, shape, ([n, h, w, c]) => [n!, h!, shape[2]! - 1 - w!, c!]),
    };
  },
  SpaceToBatchND: (random, numbers) => {
    const dtype = random.pick(types);
    const block = [random.whole(1, 3), random.whole(1, 2)];
    const space = [random.whole(1, 4), random.whole(1, 4)];
    const paddings = space.map((size, i): [number, number] => {
      const before = random.whole(0, 2);
      return [before, (block[i]! - ((size + before) % block[i]!)) % block[i]!];
    });
    const shape = [random.whole(1, 2), ...space, random.whole(1, 3)];
    const inner = space.map((size, i) => (size + paddings[i]![0] + paddings[i]![1]) / block[i]!);
    return {
      inputs: { x: numbers(shape, dtype) },
      attrs: { blockShape: block, paddings },
      expected: ({ x }) =>
        build([shape[0]! * block[0]! * block[1]!, ...inner, shape[3]!], dtype, ([b, i, j, c]) => {
          const cell = Math.floor(b! / shape[0]!);
          const y = i! * block[0]! + Math.floor(cell / block[1]!) - paddings[0]![0];
          const z = j! * block[1]! + (cell % block[1]!) - paddings[1]![0];
          return y >= 0 && y < space[0]! && z >= 0 && z < space[1]! ? at(x!, [b! % shape[0]!, y, z, c!]) : 0;
        }),
      differentiable: smooth(dtype),
    };
  },
  BatchToSpaceND: (random, numbers) => {
    const dtype = random.pick(types);
    const block = [random.whole(1, 3), random.whole(1, 2)];
    const [batch, h, w, c] = [random.whole(1, 2), random.whole(1, 3), random.whole(1, 3), random.whole(1, 3)];
    const crops = [h * block[0]!, w * block[1]!].map((size): [number, number] => {
      const before = random.whole(0, Math.min(1, size - 1));
      return [before, random.whole(0, Math.min(1, size - 1 - before))];
    });
    const out = [h * block[0]!, w * block[1]!].map((size, i) => size - crops[i]![0] - crops[i]![1]);
    return {
      inputs: { x: numbers([batch * block[0]! * block[1]!, h, w, c], dtype) },
      attrs: { blockShape: block, crops },
      expected: ({ x }) =>
        from(x!, [batch, ...out, c], ([b, i, j, k]) => {
          const [y, z] = [i! + crops[0]![0], j! + crops[1]![0]];
          const cell = (y % block[0]!) * block[1]! + (z % block[1]!);
          return [cell * batch + b!, Math.floor(y / block[0]!), Math.floor(z / block[1]!), k!];
        }),
      differentiable: smooth(dtype),
    };
  },
  DepthToSpace: (random, numbers) => {
    const dtype = random.pick(types);
    const [n, h, w, block, depth] = [
      random.whole(1, 2),
      random.whole(1, 3),
      random.whole(1, 3),
      random.whole(2, 3),
      random.whole(1, 2),
    ];
    return {
      inputs: { x: numbers([n, h, w, block * block * depth], dtype) },
      attrs: { blockSize: block, dataFormat: 'NHWC' },
      expected: ({ x }) =>
        from(x!, [n, h * block, w * block, depth], ([b, y, z, c]) => [
          b!,
          Math.floor(y! / block),
          Math.floor(z! / block),
          ((y! % block) * block + (z! % block)) * depth + c!,
        ]),
    };
  },
  Diag: (random, numbers) => {
    const shape = random.shape({ least: 1, most: 3, size: 3, empty: 0 });
    return {
      inputs: { x: numbers(shape, random.pick(types)) },
      expected: ({ x }) =>
        build([...shape, ...shape], x!.dtype, (place) => {
          const [a, b] = [place.slice(0, shape.length), place.slice(shape.length)];
          return a.join() === b.join() ? at(x!, a) : 0;
        }),
    };
  },
  Fill: (random) => {
    const shape = random.shape({ empty: 0 });
    const dtype = random.pick(types);
    const value = dtype === 'float32' ? random.pick([1.5, Number.NaN, -Infinity]) : random.whole(0, 1);
    return {
      inputs: {},
      attrs: { shape, value, dtype },
      expected: () => ({ shape, dtype, values: places(shape).map(() => value) }),
    };
  },
};
