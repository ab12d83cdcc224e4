import type { Node, Value } from '../ir/graph.js';
import { add, binary, cast, compare, constant, flexible, mul, pad, scalar, slice, sub, unary } from '../ir/ops.js';
import { type Formulation, numbers } from './formulation.js';

/** Pooling that works in any memory order: windows that tile the image, or few elements that are sliced out one by one. */

/** Windows with more elements than this are pooled otherwise. */
const FEW = 16;

/** The axes along which windows lie. */
const spatial = (rank: number): number[] => Array.from({ length: rank - 2 }, (_, i) => i + 1);

/** Windows that do not overlap, no padding. */
export function isTiled({ attrs }: Node): boolean {
  const kernel = numbers(attrs, 'kernel');
  return (
    numbers(attrs, 'strides').every((stride, i) => stride === kernel[i]) &&
    numbers(attrs, 'dilations').every((d) => d === 1) &&
    [...numbers(attrs, 'begin'), ...numbers(attrs, 'end')].every((p) => p === 0)
  );
}

/** The part of images [n, ...space, c] that tiling windows see. */
function covered(x: Value, out: readonly number[], kernel: readonly number[]): Value {
  const axes = spatial(x.shape.length);
  return slice(
    x,
    axes.map(() => 0),
    axes.map((axis, i) => out[axis]! * kernel[i]!),
    axes,
  );
}

/** Adds the rows and columns that no window covers. */
function uncovered(x: Value, shape: readonly number[]): Value {
  return pad(
    x,
    shape.map((size, axis): [number, number] => [0, size - x.shape[axis]!]),
  );
}

const tiledPool = (composite: string, op: string): Formulation => ({
  composite,
  name: 'tiles',
  exact: true,
  applies: isTiled,
  write: ([x], attrs, shape) => {
    const kernel = numbers(attrs, 'kernel');
    return flexible('TilePool', [covered(x!, shape, kernel)], shape, { op, kernel, axes: spatial(shape.length) });
  },
});

export const maxPoolTiles = tiledPool('MaxPool', 'ReduceMax');
export const averagePoolTiles = tiledPool('AveragePool', 'ReduceMean');

const maxGradientTiles = (steep: boolean): Formulation => ({
  composite: 'MaxPoolGradient',
  name: steep ? 'tiles steep' : 'tiles',
  exact: !steep,
  applies: isTiled,
  write: ([dy, x, y], attrs, shape) => {
    const kernel = numbers(attrs, 'kernel');
    const seen = covered(x!, dy!.shape, kernel);
    const attributes = { kernel, axes: spatial(shape.length), steep: steep ? 1 : 0 };
    return uncovered(flexible('TileMaxGradient', [dy!, seen, y!], seen.shape, attributes), shape);
  },
});

export const maxPoolGradientTilesSteep = maxGradientTiles(true);
export const maxPoolGradientTiles = maxGradientTiles(false);

/** Gradient of average pooling over tiles: each element gets its share. */
export const averagePoolGradientTiles: Formulation = {
  composite: 'AveragePoolGradient',
  name: 'tiles',
  exact: true,
  applies: isTiled,
  write: ([dy], attrs, shape) => {
    const kernel = numbers(attrs, 'kernel');
    const axes = spatial(shape.length);
    const share = mul(dy!, scalar(1 / kernel.reduce((product, k) => product * k, 1)));
    const whole = shape.map((size, axis) => (axes.includes(axis) ? dy!.shape[axis]! * kernel[axis - 1]! : size));
    return uncovered(flexible('TileSpread', [share], whole, { kernel, axes }), shape);
  },
};

/** Every place in a window, row-major. */
function places(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (all, k) => all.flatMap((place) => Array.from({ length: k }, (_, i) => [...place, i])),
    [[]],
  );
}

/**
 * Adds up, for every position of the image, what windows give to it: `parts[i]` is what each window gives to its i-th
 * place. Positions with the same remainder by the stride are computed together, and interleaved.
 */
function fold(parts: readonly Value[], node: Pick<Node, 'attrs'>, shape: readonly number[]): Value {
  const [kernel, strides, begin] = ['kernel', 'strides', 'begin'].map((name) => numbers(node.attrs, name)) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  const axes = spatial(shape.length);
  const counts = axes.map((axis, i) => Math.ceil((shape[axis]! + begin[i]!) / strides[i]!));
  const all = places(kernel);
  const phase = (remainders: readonly number[]): Value | undefined => {
    let sum: Value | undefined;
    all.forEach((place, index) => {
      if (!place.every((p, i) => p % strides[i]! === remainders[i])) return;
      const part = parts[index]!;
      const shift = place.map((p, i) => Math.floor(p / strides[i]!));
      const cut = slice(
        part,
        axes.map(() => 0),
        axes.map((axis, i) => Math.min(part.shape[axis]!, counts[i]! - shift[i]!)),
        axes,
      );
      if (cut.shape.some((size) => size <= 0)) return;
      const paddings = cut.shape.map((size, axis): [number, number] => {
        const i = axes.indexOf(axis);
        return i < 0 ? [0, 0] : [shift[i]!, counts[i]! - size - shift[i]!];
      });
      const moved = pad(cut, paddings);
      sum = sum === undefined ? moved : add(sum, moved);
    });
    return sum;
  };
  const empty = () =>
    pad(
      slice(
        parts[0]!,
        axes.map(() => 0),
        axes.map(() => 0),
        axes,
      ),
      shape.map((_, axis): [number, number] => (axes.includes(axis) ? [0, counts[axis - 1]!] : [0, 0])),
    );
  /** Interleaves along the last axes first. */
  const gathered = (fixed: readonly number[]): Value => {
    const i = fixed.length;
    if (i === axes.length) return phase(fixed) ?? empty();
    const ways = Array.from({ length: strides[i]! }, (_, remainder) => gathered([...fixed, remainder]));
    if (ways.length === 1) return ways[0]!;
    const whole = ways[0]!.shape.slice();
    whole[axes[i]!]! *= ways.length;
    return flexible('Interleave', ways, whole, { axes: [axes[i]!] });
  };
  return slice(
    gathered([]),
    begin,
    axes.map((axis, i) => begin[i]! + shape[axis]!),
    axes,
  );
}

const fewPlaces = ({ attrs }: Node): boolean =>
  numbers(attrs, 'kernel').reduce((product, k) => product * k, 1) <= FEW &&
  numbers(attrs, 'dilations').every((d) => d === 1) &&
  numbers(attrs, 'strides').every((stride, i) => stride <= numbers(attrs, 'kernel')[i]!);

const maxGradientSlices = (steep: boolean): Formulation => ({
  composite: 'MaxPoolGradient',
  name: steep ? 'slices steep' : 'slices',
  exact: !steep,
  applies: fewPlaces,
  write: ([dy, x, y], attrs, shape) => {
    const [strides, begin, end] = ['strides', 'begin', 'end'].map((name) => numbers(attrs, name)) as [
      readonly number[],
      readonly number[],
      readonly number[],
    ];
    const axes = spatial(shape.length);
    const around = shape.map((_, axis): [number, number] => {
      const i = axes.indexOf(axis);
      return i < 0 ? [0, 0] : [begin[i]!, end[i]!];
    });
    const padded = pad(x!, around, -3.4e38);
    /** 1 for windows whose largest element was not found yet. */
    let open: Value | undefined;
    const parts = places(numbers(attrs, 'kernel')).map((place) => {
      const last = place.map((p, i) => p + (dy!.shape[i + 1]! - 1) * strides[i]! + 1);
      const element = slice(padded, place, last, axes, strides);
      const equal = steep
        ? unary('HardSigmoid', sub(element, y!), { alpha: 3e38, beta: 1 })
        : cast(compare('Equal', element, y!), 'float32');
      const first = open === undefined ? equal : mul(equal, open);
      open = open === undefined ? sub(scalar(1), first) : sub(open, first);
      return mul(first, dy!);
    });
    return fold(parts, { attrs }, shape);
  },
});

export const maxPoolGradientSlicesSteep = maxGradientSlices(true);
export const maxPoolGradientSlices = maxGradientSlices(false);

/** Gradient of average pooling for any windows: shares (padding does not count), spread over the windows. */
export const averagePoolGradientSlices: Formulation = {
  composite: 'AveragePoolGradient',
  name: 'slices',
  exact: true,
  applies: fewPlaces,
  write: ([dy], attrs, shape) => {
    const [kernel, strides, begin] = ['kernel', 'strides', 'begin'].map((name) => numbers(attrs, name)) as [
      readonly number[],
      readonly number[],
      readonly number[],
    ];
    const out = dy!.shape.slice(1, -1);
    const counts = out.map((o, axis) =>
      Array.from({ length: o }, (_, i) => {
        const start = i * strides[axis]! - begin[axis]!;
        return Math.min(start + kernel[axis]!, shape[axis + 1]!) - Math.max(start, 0);
      }),
    );
    const area = counts.reduce<number[]>(
      (product, axis) => product.flatMap((p) => axis.map((count) => p * count)),
      [1],
    );
    const share = binary('Div', dy!, constant(area, [1, ...out, 1], 'float32'));
    return fold(
      places(kernel).map(() => share),
      { attrs },
      shape,
    );
  },
};
