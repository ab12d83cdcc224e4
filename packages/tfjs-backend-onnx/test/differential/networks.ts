import { backend_util } from '@tensorflow/tfjs-core';
import type { Attributes, Case, MakeCase, NumbersOf } from './case.js';
import { elementwise } from './elementwise.js';
import { at, broadcastShape, build, type Nd, places, sizeOf, spread, total } from './nd.js';
import type { Random } from './random.js';

const PLAIN = { plain: true } as const;

// ---------------------------------------------------------------- products

function product(a: Nd, b: Nd, transposeA: boolean, transposeB: boolean): Nd {
  const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const n = b.shape.at(transposeB ? -2 : -1)!;
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return build([...batch, m, n], a.dtype, (place) => {
    const [i, j] = place.slice(-2) as [number, number];
    const outer = place.slice(0, -2);
    let sum = 0;
    for (let p = 0; p < k; p++) {
      const [left, right] = [transposeA ? [p, i] : [i, p], transposeB ? [j, p] : [p, j]];
      const whole = (x: Nd) => [...outer.map((o) => o), ...(x === a ? left : right)];
      const term = [a, b].map((x) => inBatch(x, whole(x)));
      sum = a.dtype === 'int32' ? (sum + Math.imul(term[0]!, term[1]!)) | 0 : sum + term[0]! * term[1]!;
    }
    return sum;
  });
}

/** The element of a matrix in a batch that may be broadcast. */
function inBatch(x: Nd, place: readonly number[]): number {
  const offset = place.length - x.shape.length;
  const batch = x.shape.length - 2;
  return at(
    x,
    x.shape.map((size, axis) => (axis < batch && size === 1 ? 0 : place[axis + offset]!)),
  );
}

const activations: Record<string, (x: number, alpha: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  elu: (x) => (x >= 0 ? x : Math.expm1(x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  leakyrelu: (x, alpha) => (x < 0 ? alpha * x : x),
  prelu: (x, alpha) => (x < 0 ? alpha * x : x),
};

/** Bias and activation of the fused kernels. */
function fusion(random: Random, numbers: NumbersOf, shape: readonly number[]) {
  const activation = random.pick(Object.keys(activations));
  const channels = [shape.at(-1)!];
  const inputs: Record<string, Nd> = {};
  if (random.chance(0.7)) inputs['bias'] = numbers(channels, 'float32', PLAIN);
  if (activation === 'prelu') inputs['preluActivationWeights'] = numbers(channels, 'float32', PLAIN);
  const finish = (y: Nd, { bias, preluActivationWeights: alpha }: Record<string, Nd>): Nd => {
    const sum = bias === undefined ? y : elementwise(y, bias, 'float32', (v, b) => v + b);
    return build(sum.shape, 'float32', (place) =>
      activations[activation]!(at(sum, place), alpha === undefined ? 0.3 : spread(alpha, place)),
    );
  };
  return { inputs, attrs: { activation, leakyreluAlpha: 0.3 }, finish };
}

function matrices(random: Random, numbers: NumbersOf, dtype: Nd['dtype']) {
  const [m, k, n] = [random.whole(1, 4), random.whole(1, 4), random.whole(1, 4)];
  const batch = random.shape({ most: 3, size: 3 });
  const [transposeA, transposeB] = [random.chance(0.5), random.chance(0.5)];
  const one = (rows: number, columns: number, transposed: boolean) =>
    numbers(
      [...batch.map((size) => (random.chance(0.4) ? 1 : size)), ...(transposed ? [columns, rows] : [rows, columns])],
      dtype,
      dtype === 'int32' ? {} : PLAIN,
    );
  return { a: one(m, k, transposeA), b: one(k, n, transposeB), attrs: { transposeA, transposeB } };
}

// ---------------------------------------------------------------- windows

interface Geometry {
  input: number[];
  kernel: number[];
  strides: number[];
  dilations: number[];
  begin: number[];
  output: number[];
}

/** The pixels of a window that lie inside of the image, with their place in the kernel. */
function seen({ input, kernel, strides, dilations, begin }: Geometry, out: readonly number[]): [number[], number[]][] {
  return places(kernel)
    .map((tap): [number[], number[]] => [tap.map((t, i) => out[i]! * strides[i]! - begin[i]! + t * dilations[i]!), tap])
    .filter(([pixel]) => pixel.every((p, i) => p >= 0 && p < input[i]!));
}

interface Windows {
  geometry: Geometry;
  batch: number;
  strides: number[];
  dilations: number[];
  pad: unknown;
  dimRoundingMode: 'floor' | 'round' | 'ceil' | undefined;
}

/** Sizes, strides and paddings of every kind that tfjs takes. */
function windows(random: Random, axes: 2 | 3, { dilated = false, outside = true } = {}): Windows {
  for (;;) {
    const space = Array.from({ length: axes }, () => random.whole(1, axes === 2 ? 6 : 4));
    const kernel = space.map(() => random.whole(1, 3));
    const strides = space.map(() => random.whole(1, 3));
    const dilations = space.map(() => (dilated && random.chance(0.4) ? 2 : 1));
    if (dilations.some((d) => d > 1)) strides.fill(1);
    const pad = random.pick(['same', 'same', 'valid', random.whole(0, outside ? 3 : 1)]);
    const rounding = typeof pad === 'number' ? random.pick(['floor', 'ceil'] as const) : undefined;
    const image = [1, ...space, 1] as [number, number, number, number];
    const filter = [...kernel, 1, 1] as [number, number, number, number];
    const info =
      axes === 2
        ? backend_util.computeConv2DInfo(
            image,
            filter,
            strides as [number, number],
            dilations as [number, number],
            pad as 'same',
            rounding,
          )
        : backend_util.computePool3DInfo(
            image as never,
            kernel as [number, number, number],
            strides as [number, number, number],
            dilations as [number, number, number],
            pad as 'same',
            rounding,
          );
    const output = info.outShape.slice(1, -1);
    if (output.some((size) => !Number.isInteger(size) || size < 1)) continue;
    const { padInfo } = info as { padInfo: { front?: number; top: number; left: number } };
    // For volumes tfjs has a negative padding where steps are longer than the kernel, TensorFlow none.
    const begin = (axes === 2 ? [] : [padInfo.front!]).concat(padInfo.top, padInfo.left).map((pad) => Math.max(0, pad));
    return {
      geometry: { input: space, kernel, strides, dilations, begin, output },
      batch: random.whole(1, 2),
      strides,
      dilations,
      pad,
      dimRoundingMode: rounding,
    };
  }
}

function convolved(x: Nd, filter: Nd, geometry: Geometry): Nd {
  const [channels, outputs] = filter.shape.slice(-2) as [number, number];
  const groups = x.shape.at(-1)! / channels;
  return build([x.shape[0]!, ...geometry.output, outputs], 'float32', (place) => {
    const [n, o] = [place[0]!, place.at(-1)!];
    const first = Math.floor(o / (outputs / groups)) * channels;
    let sum = 0;
    for (const [pixel, tap] of seen(geometry, place.slice(1, -1)))
      for (let c = 0; c < channels; c++) sum += at(x, [n, ...pixel, first + c]) * at(filter, [...tap, c, o]);
    return sum;
  });
}

function depthwise(x: Nd, filter: Nd, geometry: Geometry): Nd {
  const multiplier = filter.shape.at(-1)!;
  return build([x.shape[0]!, ...geometry.output, x.shape.at(-1)! * multiplier], 'float32', (place) => {
    const [c, q] = [Math.floor(place.at(-1)! / multiplier), place.at(-1)! % multiplier];
    let sum = 0;
    for (const [pixel, tap] of seen(geometry, place.slice(1, -1)))
      sum += at(x, [place[0]!, ...pixel, c]) * at(filter, [...tap, c, q]);
    return sum;
  });
}

const pooled =
  (op: 'max' | 'average', nothing: number) =>
  (x: Nd, { geometry }: Windows): Nd =>
    build([x.shape[0]!, ...geometry.output, x.shape.at(-1)!], 'float32', (place) => {
      const window = seen(geometry, place.slice(1, -1));
      const numbers = window.map(([pixel]) => at(x, [place[0]!, ...pixel, place.at(-1)!]));
      if (op === 'max') return Math.max(Number.NEGATIVE_INFINITY, ...numbers.filter((v) => !Number.isNaN(v)));
      return numbers.length === 0 ? nothing : numbers.reduce((a, b) => a + b, 0) / numbers.length;
    });

/** The gradient of sum(f(x) dy) with respect to one of the inputs, for functions that are linear or nearly so. */
export function differences(f: (x: Nd) => Nd, x: Nd, dy: Nd, step = 1e-4): Nd {
  const values = Array.from(x.values);
  return {
    ...x,
    values: values.map((_, i) => {
      const shifted = (by: number) => {
        const y = f({ ...x, values: values.map((v, j) => (j === i ? v + by : v)) });
        let sum = 0;
        for (let j = 0; j < y.values.length; j++) {
          const [v, d] = [y.values[j]!, dy.values[j]!];
          // A window that sees nothing has no gradient.
          if (Number.isFinite(v)) sum += v * d;
        }
        return sum;
      };
      return (shifted(step) - shifted(-step)) / (2 * step);
    }),
  };
}

const convAttributes = ({ strides, dilations, pad, dimRoundingMode }: Windows): Attributes => ({
  strides,
  dilations,
  pad,
  dimRoundingMode,
  dataFormat: 'NHWC',
});

function convolution(random: Random, numbers: NumbersOf, axes: 2 | 3, forward = true) {
  const made = windows(random, axes, { dilated: forward && axes === 2 });
  const { geometry, batch } = made;
  const [channels, outputs] = [random.whole(1, 3), random.whole(1, 3)];
  const groups = axes === 2 && forward && random.chance(0.2) ? 2 : 1;
  return {
    made,
    geometry,
    x: numbers([batch, ...geometry.input, channels * groups], 'float32', PLAIN),
    filter: numbers([...geometry.kernel, channels, outputs * groups], 'float32', PLAIN),
    dy: numbers([batch, ...geometry.output, outputs * groups], 'float32', PLAIN),
    groups,
  };
}

function separable(random: Random, numbers: NumbersOf) {
  const made = windows(random, 2, { dilated: true });
  const { geometry, batch } = made;
  const [channels, multiplier] = [random.whole(1, 3), random.whole(1, 2)];
  return {
    made,
    geometry,
    x: numbers([batch, ...geometry.input, channels], 'float32', PLAIN),
    filter: numbers([...geometry.kernel, channels, multiplier], 'float32', PLAIN),
    dy: numbers([batch, ...geometry.output, channels * multiplier], 'float32', PLAIN),
  };
}

const gradientOf = (axes: 2 | 3, of: 'input' | 'filter'): MakeCase => {
  const volume = axes === 3;
  return (random, numbers) => {
    const { made, geometry, x, filter, dy } = convolution(random, numbers, axes, false);
    const { dilations: _, ...attrs } = convAttributes(made);
    return of === 'input'
      ? {
          inputs: { dy, filter },
          attrs: { ...attrs, inputShape: x.shape },
          expected: () => differences((v) => convolved(v, filter, geometry), x, dy, 1),
        }
      : {
          inputs: { x, dy },
          attrs: { ...attrs, filterShape: filter.shape, ...(volume ? {} : {}) },
          expected: () => differences((v) => convolved(x, v, geometry), filter, dy, 1),
        };
  };
};

const poolAttributes = ({ geometry, strides, pad, dimRoundingMode }: Windows): Attributes => ({
  filterSize: geometry.kernel,
  strides,
  pad,
  dimRoundingMode,
  dataFormat: 'NDHWC',
});

/** tfjs hands windows of one pixel on, whatever their padding is. */
const trivial = ({ geometry }: Windows): boolean =>
  sizeOf(geometry.kernel) === 1 && geometry.input.join() === geometry.output.join();

function poolWindows(random: Random, axes: 2 | 3): Windows {
  let made = windows(random, axes);
  while (trivial(made)) made = windows(random, axes);
  return made;
}

const pooling =
  (op: 'max' | 'average', axes: 2 | 3): MakeCase =>
  (random, numbers) => {
    const made = poolWindows(random, axes);
    const x = numbers([made.batch, ...made.geometry.input, random.whole(1, 3)], 'float32', PLAIN);
    const nothing = axes === 3 ? 0 : Number.NaN;
    return {
      inputs: { x },
      attrs: poolAttributes(made),
      expected: (inputs) => pooled(op, nothing)(inputs['x']!, made),
    };
  };

const poolingGradient =
  (op: 'max' | 'average', axes: 2 | 3): MakeCase =>
  (random, numbers) => {
    const made = poolWindows(random, axes);
    const channels = random.whole(1, 2);
    const input = numbers([made.batch, ...made.geometry.input, channels], 'float32', PLAIN);
    const dy = numbers([made.batch, ...made.geometry.output, channels], 'float32', PLAIN);
    const output = pooled(op, 0)(input, made);
    return {
      inputs: op === 'max' && axes === 2 ? { dy, input, output } : op === 'max' ? { dy, input, output } : { dy, input },
      // tfjs's average pooling forgets how sizes are rounded in its gradient.
      attrs: op === 'max' || typeof made.pad !== 'number' ? poolAttributes(made) : poolAttributes(made),
      expected: () => differences((v) => pooled(op, 0)(v, made), input, dy, op === 'max' ? 1e-7 : 1),
      tolerance: 1e-4,
    };
  };

// ---------------------------------------------------------------- images

interface Resizing {
  size: number[];
  alignCorners: boolean;
  halfPixelCenters: boolean;
}

function source(i: number, input: number, output: number, { alignCorners, halfPixelCenters }: Resizing): number {
  const scale = alignCorners && output > 1 ? (input - 1) / (output - 1) : input / output;
  return halfPixelCenters ? scale * (i + 0.5) : scale * i;
}

function bilinear(x: Nd, attrs: Resizing): Nd {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const weights = (i: number, input: number, output: number) => {
    const position = source(i, input, output, attrs) - (attrs.halfPixelCenters ? 0.5 : 0);
    const low = Math.max(0, Math.floor(position));
    return { low, high: Math.min(input - 1, Math.ceil(position)), share: position - low };
  };
  return build([n, ...attrs.size, c], 'float32', ([b, i, j, k]) => {
    const [row, column] = [weights(i!, h, attrs.size[0]!), weights(j!, w, attrs.size[1]!)];
    const value = (y: number, z: number) => at(x, [b!, y, z, k!]);
    const across = (y: number) => value(y, column.low) + (value(y, column.high) - value(y, column.low)) * column.share;
    return across(row.low) + (across(row.high) - across(row.low)) * row.share;
  });
}

function nearest(x: Nd, attrs: Resizing): Nd {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const pick = (i: number, input: number, output: number) => {
    const position = source(i, input, output, attrs);
    return Math.max(0, Math.min(input - 1, attrs.alignCorners ? Math.round(position) : Math.floor(position)));
  };
  return build([n, ...attrs.size, c], 'float32', ([b, i, j, k]) =>
    at(x, [b!, pick(i!, h, attrs.size[0]!), pick(j!, w, attrs.size[1]!), k!]),
  );
}

const resized =
  (f: typeof bilinear, gradient: boolean): MakeCase =>
  (random, numbers) => {
    const shape = [random.whole(1, 2), random.whole(1, 5), random.whole(1, 5), random.whole(1, 2)];
    // Aligned corners and half pixel centres exclude each other.
    const alignCorners = random.chance(0.3);
    const attrs: Resizing = {
      size: [random.whole(1, 7), random.whole(1, 7)],
      alignCorners,
      halfPixelCenters: !alignCorners && random.chance(0.5),
    };
    const images = numbers(shape, 'float32', PLAIN);
    if (!gradient)
      return { inputs: { images }, attrs: { ...attrs }, expected: (inputs) => f(inputs['images']!, attrs) };
    const dy = numbers([shape[0]!, ...attrs.size, shape[3]!], 'float32', PLAIN);
    const { size: _, ...flags } = attrs;
    return {
      inputs: { images, dy },
      attrs: flags,
      expected: () => differences((v) => f(v, attrs), images, dy, 1),
    };
  };

function normalised(x: Nd, { depthRadius, bias, alpha, beta }: Record<string, number>): Nd {
  const channels = x.shape.at(-1)!;
  return build(x.shape, 'float32', (place) => {
    const c = place.at(-1)!;
    let sum = 0;
    for (let i = Math.max(0, c - depthRadius!); i <= Math.min(channels - 1, c + depthRadius!); i++)
      sum += at(x, [...place.slice(0, -1), i]) ** 2;
    return at(x, place) * (bias! + alpha! * sum) ** -beta!;
  });
}

const localResponse =
  (gradient: boolean): MakeCase =>
  (random, numbers) => {
    const attrs = {
      depthRadius: random.whole(0, 3),
      bias: random.pick([1, 2]),
      alpha: random.pick([0.5, 1]),
      beta: random.pick([0.5, 0.75, 1]),
    };
    const x = numbers(
      [random.whole(1, 2), random.whole(1, 2), random.whole(1, 3), random.whole(1, 5)],
      'float32',
      PLAIN,
    );
    if (!gradient) return { inputs: { x }, attrs, expected: (inputs) => normalised(inputs['x']!, attrs) };
    const dy = numbers(x.shape, 'float32', PLAIN);
    return {
      inputs: { x, y: normalised(x, attrs), dy },
      attrs,
      expected: () => differences((v) => normalised(v, attrs), x, dy, 1e-4),
      tolerance: 1e-4,
    };
  };

const cropped: MakeCase = (random, numbers): Case => {
  const [n, h, w, c] = [random.whole(1, 2), random.whole(1, 4), random.whole(1, 4), random.whole(1, 2)];
  const count = random.whole(1, 3);
  const image = numbers([n, h, w, c], 'float32', PLAIN);
  const boxes = numbers([count, 4], 'float32', { low: -0.2, high: 1.2, plain: true });
  const boxInd = numbers([count], 'int32', { low: random.chance(0.2) ? -1 : 0, high: n, plain: true });
  const cropSize = [random.whole(1, 4), random.whole(1, 4)];
  const method = random.pick(['bilinear', 'nearest']);
  const position = (low: number, high: number, size: number, steps: number, i: number) =>
    steps > 1 ? low * (size - 1) + i * (((high - low) * (size - 1)) / (steps - 1)) : 0.5 * (low + high) * (size - 1);
  return {
    inputs: { image, boxes, boxInd },
    attrs: { cropSize, method, extrapolationValue: -2 },
    expected: () =>
      build([count, ...cropSize, c], 'float32', ([box, i, j, k]) => {
        const index = boxInd.values[box!]!;
        if (index < 0 || index >= n) return 0;
        const side = (s: number) => at(boxes, [box!, s]);
        const y = position(side(0), side(2), h, cropSize[0]!, i!);
        const x = position(side(1), side(3), w, cropSize[1]!, j!);
        if (y < 0 || y > h - 1 || x < 0 || x > w - 1) return -2;
        const value = (a: number, b: number) => at(image, [index, a, b, k!]);
        if (method === 'nearest') return value(Math.round(y), Math.round(x));
        const [top, left] = [Math.floor(y), Math.floor(x)];
        const across = (row: number) => value(row, left) + (value(row, Math.ceil(x)) - value(row, left)) * (x - left);
        return across(top) + (across(Math.ceil(y)) - across(top)) * (y - top);
      }),
  };
};

// ---------------------------------------------------------------- complex numbers

const complexPair = (f: (a: [number, number], b: [number, number]) => [number, number]): MakeCase => {
  return (random, numbers) => {
    const shape = random.shape({ most: 4 });
    const part = random.part(shape);
    const [a, b] = [numbers(shape, 'complex64', PLAIN), numbers(part, 'complex64', PLAIN)];
    const both = (which: 0 | 1) =>
      build(shape, 'complex64', (place) => {
        const number = (x: Nd): [number, number] => [spread(x, place), spread({ ...x, values: x.imag! }, place)];
        return f(number(a), number(b))[which];
      });
    return { inputs: { a, b }, expected: () => ({ ...both(0), imag: both(1).values }) };
  };
};

const fourier =
  (sign: 1 | -1): MakeCase =>
  (random, numbers) => {
    const [rows, n] = [random.whole(1, 3), random.whole(1, 12)];
    const input = numbers([rows, n], 'complex64', PLAIN);
    const sum = (which: 0 | 1) =>
      build([rows, n], 'complex64', ([row, k]) =>
        total([n], ([i]) => {
          const angle = (-sign * 2 * Math.PI * i! * k!) / n;
          const [re, im] = [at(input, [row!, i!]), at({ ...input, values: input.imag! }, [row!, i!])];
          const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
          return (which === 0 ? re * cos - im * sin : re * sin + im * cos) / (sign === -1 ? n : 1);
        }),
      );
    return { inputs: { input }, expected: () => ({ ...sum(0), imag: sum(1).values }), tolerance: 2e-5 };
  };

export const complexCases: Record<string, MakeCase> = {
  Add: complexPair(([a, b], [c, d]) => [a + c, b + d]),
  Sub: complexPair(([a, b], [c, d]) => [a - c, b - d]),
  Multiply: complexPair(([a, b], [c, d]) => [a * c - b * d, a * d + b * c]),
};

export const networkCases: Record<string, MakeCase> = {
  BatchMatMul: (random, numbers) => {
    const dtype = random.pick(['float32', 'float32', 'int32'] as const);
    const { a, b, attrs } = matrices(random, numbers, dtype);
    return {
      inputs: { a, b },
      attrs,
      expected: (inputs) => product(inputs['a']!, inputs['b']!, attrs.transposeA, attrs.transposeB),
      differentiable: dtype === 'float32' && a.shape.length === 3 && a.shape[0] === b.shape[0] ? ['a', 'b'] : [],
    };
  },
  _FusedMatMul: (random, numbers) => {
    const { a, b, attrs } = matrices(random, numbers, 'float32');
    const shape = product(a, b, attrs.transposeA, attrs.transposeB).shape;
    const fused = fusion(random, numbers, shape);
    return {
      inputs: { a, b, ...fused.inputs },
      attrs: { ...attrs, ...fused.attrs },
      expected: (inputs) =>
        fused.finish(product(inputs['a']!, inputs['b']!, attrs.transposeA, attrs.transposeB), inputs),
    };
  },
  Einsum: (random, numbers) => {
    const [i, j, k] = [random.whole(1, 3), random.whole(1, 3), random.whole(1, 3)];
    return {
      inputs: [numbers([i, j], 'float32', PLAIN), numbers([j, k], 'float32', PLAIN)],
      attrs: { equation: 'ij,jk->ik' },
      expected: (inputs) => product(Object.values(inputs)[0]!, Object.values(inputs)[1]!, false, false),
    };
  },
  Conv2D: (random, numbers) => {
    const { made, geometry, x, filter, groups } = convolution(random, numbers, 2);
    return {
      inputs: { x, filter },
      attrs: convAttributes(made),
      expected: (inputs) => convolved(inputs['x']!, inputs['filter']!, geometry),
      differentiable: groups === 1 && made.dilations.every((d) => d === 1) ? ['x', 'filter'] : [],
    };
  },
  FusedConv2D: (random, numbers) => {
    const { made, geometry, x, filter, dy } = convolution(random, numbers, 2);
    const fused = fusion(random, numbers, dy.shape);
    return {
      inputs: { x, filter, ...fused.inputs },
      attrs: { ...convAttributes(made), ...fused.attrs },
      expected: (inputs) => fused.finish(convolved(inputs['x']!, inputs['filter']!, geometry), inputs),
    };
  },
  Conv2DBackpropInput: gradientOf(2, 'input'),
  Conv2DBackpropFilter: gradientOf(2, 'filter'),
  Conv3D: (random, numbers) => {
    const { made, geometry, x, filter } = convolution(random, numbers, 3);
    if (typeof made.pad === 'number') return networkCases['Conv3D']!(random, numbers);
    return {
      inputs: { x, filter },
      attrs: convAttributes(made),
      expected: (inputs) => convolved(inputs['x']!, inputs['filter']!, geometry),
      differentiable: ['x', 'filter'],
    };
  },
  Conv3DBackpropInputV2: again(gradientOf(3, 'input')),
  Conv3DBackpropFilterV2: again(gradientOf(3, 'filter')),
  DepthwiseConv2dNative: (random, numbers) => {
    const { made, geometry, x, filter } = separable(random, numbers);
    return {
      inputs: { x, filter },
      attrs: convAttributes(made),
      expected: (inputs) => depthwise(inputs['x']!, inputs['filter']!, geometry),
      differentiable: made.dilations.every((d) => d === 1) ? ['x', 'filter'] : [],
    };
  },
  FusedDepthwiseConv2D: (random, numbers) => {
    const { made, geometry, x, filter, dy } = separable(random, numbers);
    const fused = fusion(random, numbers, dy.shape);
    return {
      inputs: { x, filter, ...fused.inputs },
      attrs: { ...convAttributes(made), ...fused.attrs },
      expected: (inputs) => fused.finish(depthwise(inputs['x']!, inputs['filter']!, geometry), inputs),
    };
  },
  DepthwiseConv2dNativeBackpropInput: (random, numbers) => {
    const { made, geometry, x, filter, dy } = separable(random, numbers);
    return {
      inputs: { dy, filter },
      attrs: { ...convAttributes(made), inputShape: x.shape },
      expected: () => differences((v) => depthwise(v, filter, geometry), x, dy, 1),
    };
  },
  DepthwiseConv2dNativeBackpropFilter: (random, numbers) => {
    const { made, geometry, x, filter, dy } = separable(random, numbers);
    return {
      inputs: { x, dy },
      attrs: { ...convAttributes(made), filterShape: filter.shape },
      expected: () => differences((v) => depthwise(x, v, geometry), filter, dy, 1),
    };
  },
  MaxPool: pooling('max', 2),
  AvgPool: pooling('average', 2),
  MaxPool3D: pooling('max', 3),
  AvgPool3D: pooling('average', 3),
  MaxPoolGrad: poolingGradient('max', 2),
  AvgPoolGrad: poolingGradient('average', 2),
  MaxPool3DGrad: poolingGradient('max', 3),
  AvgPool3DGrad: poolingGradient('average', 3),
  FusedBatchNorm: (random, numbers) => {
    const x = numbers(
      [random.whole(1, 2), random.whole(1, 3), random.whole(1, 3), random.whole(1, 3)],
      'float32',
      PLAIN,
    );
    const shape = random.pick([[x.shape[3]!], x.shape.map((size) => (random.chance(0.5) ? 1 : size))]);
    const epsilon = 1e-3;
    const positive = { low: 0.1, high: 3, plain: true };
    const optional = (name: string) => (random.chance(0.7) ? { [name]: numbers(shape, 'float32', PLAIN) } : {});
    return {
      inputs: {
        x,
        mean: numbers(shape, 'float32', PLAIN),
        variance: numbers(shape, 'float32', positive),
        ...optional('scale'),
        ...optional('offset'),
      },
      attrs: { varianceEpsilon: epsilon },
      expected: (inputs) =>
        build(x.shape, 'float32', (place) => {
          const number = (name: string, otherwise: number) =>
            inputs[name] === undefined ? otherwise : spread(inputs[name], place);
          const deviation = (number('x', 0) - number('mean', 0)) / Math.sqrt(number('variance', 1) + epsilon);
          return deviation * number('scale', 1) + number('offset', 0);
        }),
    };
  },
  LRN: localResponse(false),
  LRNGrad: localResponse(true),
  ResizeBilinear: resized(bilinear, false),
  ResizeBilinearGrad: resized(bilinear, true),
  ResizeNearestNeighbor: resized(nearest, false),
  ResizeNearestNeighborGrad: resized(nearest, true),
  CropAndResize: cropped,
  FFT: fourier(1),
  IFFT: fourier(-1),
  Complex: (random, numbers) => {
    const shape = random.shape({ most: 4 });
    return {
      inputs: { real: numbers(shape), imag: numbers(shape) },
      expected: ({ real, imag }) => ({ ...real!, dtype: 'complex64', imag: imag!.values }),
    };
  },
  Real: (random, numbers) => ({
    inputs: { input: numbers(random.shape({ most: 4 }), 'complex64') },
    expected: ({ input }) => ({ shape: input!.shape, values: input!.values, dtype: 'float32' }),
  }),
  Imag: (random, numbers) => ({
    inputs: { input: numbers(random.shape({ most: 4 }), 'complex64') },
    expected: ({ input }) => ({ shape: input!.shape, values: input!.imag!, dtype: 'float32' }),
  }),
  ComplexAbs: (random, numbers) => ({
    inputs: { x: numbers(random.shape({ most: 4 }), 'complex64') },
    expected: ({ x }) =>
      build(x!.shape, 'float32', (place) => Math.hypot(at(x!, place), at({ ...x!, values: x!.imag! }, place))),
    tolerance: 2e-6,
  }),
};

/** Convolutions of volumes take no numbers as padding. */
function again(make: MakeCase): MakeCase {
  return (random, numbers) => {
    for (;;) {
      const one = make(random, numbers);
      if (typeof one.attrs?.['pad'] !== 'number') return one;
    }
  };
}
