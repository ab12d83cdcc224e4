import { type Attributes, constantValue, type Node, type Value } from '../ir/graph.js';
import { apply, reshape, transpose } from '../ir/ops.js';
import { type Formulation, numbers } from './formulation.js';
import { costOf, direct } from './toom-cook-cost.js';
import {
  type AxisGeometry,
  type Matrix,
  MOST_POINTS,
  type TiledAxis,
  tiledAxis,
  transposed,
} from './toom-cook-matrices.js';

/**
 * Toom-Cook convolution in plain matrix products. Images are [height, width, batch, channels]; the input matrices of
 * both axes spread them into one image per product, V [products, tiles * batch, phases * channels]; the transformed
 * filter U [products, phases * channels, out] multiplies; the output matrices gather. The gradients are the transposed
 * maps: they share V, U and the spread output gradient with the forward pass as equal subexpressions, and filters keep
 * the order in which tfjs holds them.
 */

/** [batch, height, width, channels] -> [height, width, batch, channels]. */
const toPlaces = (x: Value): Value => transpose(x, [1, 2, 0, 3]);
const fromPlaces = (x: Value): Value => transpose(x, [2, 0, 1, 3]);

function matrix(rows: Matrix, name: string): Value {
  const [height, width] = [rows.length, rows[0]!.length];
  return constantValue(Float32Array.from(rows.flat()), [height, width], 'float32', name);
}

/** All pairs of a row (or column) group of `y` with one of `x`: rows (ay, ax, by, bx, ...) from rows (ay, by, ...) each. */
function pairs(y: Matrix, x: Matrix, groups: readonly (readonly [number, number])[]): Matrix {
  const digits = (index: number, sizes: readonly number[]): number[] => {
    const result: number[] = [];
    let rest = index;
    for (let i = sizes.length - 1; i >= 0; i--) {
      result.unshift(rest % sizes[i]!);
      rest = Math.floor(rest / sizes[i]!);
    }
    return result;
  };
  const sizesY = groups.map(([size]) => size);
  const sizesX = groups.map(([, size]) => size);
  const rows: number[][] = new Array(y.length * x.length);
  for (let i = 0; i < y.length; i++) {
    const iy = digits(i, sizesY);
    for (let j = 0; j < x.length; j++) {
      const jx = digits(j, sizesX);
      let at = 0;
      groups.forEach(([sizeY, sizeX], g) => {
        at = (at * sizeY + iy[g]!) * sizeX + jx[g]!;
      });
      rows[at] = y[i]!.flatMap((a) => x[j]!.map((b) => a * b));
    }
  }
  return rows;
}

const product = (a: Value, b: Value): Value =>
  apply('MatMul', [a, b], [...b.shape.slice(0, -2), a.shape[0]!, b.shape[b.shape.length - 1]!], 'float32');

interface Maps {
  y: Matrix;
  x: Matrix;
  /** Per axis: products, tiles, phases. */
  sizes: readonly [readonly [number, number, number], readonly [number, number, number]];
  name: string;
  /** Whether one product with the matrix of all pairs is cheaper than one per axis. */
  dense: boolean;
}

/** [height, width, batch, channels] -> [qy * qx, ty * tx * batch, phases * channels]. */
function spread(image: Value, { y, x, sizes, name, dense }: Maps): Value {
  const [height, width, n, c] = image.shape as [number, number, number, number];
  const [[qy, ty, py], [qx, tx, px]] = sizes;
  const products = qy * qx;
  const tiles = ty * tx;
  const phases = py * px;
  if (dense) {
    const all = matrix(
      pairs(y, x, [
        [qy, qx],
        [ty, tx],
        [py, px],
      ]),
      name,
    );
    const v = product(all, reshape(image, [height * width, n * c]));
    const ordered = transpose(reshape(v, [products * tiles, phases, n, c]), [0, 2, 1, 3]);
    return reshape(ordered, [products, tiles * n, phases * c]);
  }
  const rows = product(matrix(y, `${name} rows`), reshape(image, [height, width * n * c]));
  const both = product(matrix(x, `${name} columns`), reshape(rows, [qy * ty * py, width, n * c]));
  const ordered = transpose(reshape(both, [qy, ty, py, qx, tx, px, n, c]), [0, 3, 1, 4, 6, 2, 5, 7]);
  return reshape(ordered, [products, tiles * n, phases * c]);
}

/** The transposed map: `y` and `x` have the rows of the result. */
function gather(spreadOut: Value, { y, x, sizes, name, dense }: Maps, n: number): Value {
  const [[qy, ty, py], [qx, tx, px]] = sizes;
  const phases = py * px;
  const c = spreadOut.shape[2]! / phases;
  const [height, width] = [y.length, x.length];
  if (dense) {
    const ordered = transpose(reshape(spreadOut, [qy * qx * ty * tx, n, phases, c]), [0, 2, 1, 3]);
    const all = matrix(
      transposed(
        pairs(transposed(y), transposed(x), [
          [qy, qx],
          [ty, tx],
          [py, px],
        ]),
      ),
      name,
    );
    return reshape(product(all, reshape(ordered, [qy * qx * ty * tx * phases, n * c])), [height, width, n, c]);
  }
  const ordered = transpose(reshape(spreadOut, [qy, qx, ty, tx, n, py, px, c]), [0, 2, 5, 1, 3, 6, 4, 7]);
  const columns = product(matrix(x, `${name} columns`), reshape(ordered, [qy * ty * py, qx * tx * px, n * c]));
  return reshape(product(matrix(y, `${name} rows`), reshape(columns, [qy * ty * py, width * n * c])), [
    height,
    width,
    n,
    c,
  ]);
}

/** A convolution of images [n, h, w, c] to results [n, oh, ow, o]. */
interface Convolution {
  image: readonly number[];
  result: readonly number[];
  attrs: Attributes;
}

function axesOf({ image, result, attrs }: Convolution): [AxisGeometry, AxisGeometry] {
  const axis = (i: 0 | 1): AxisGeometry => ({
    size: image[i + 1]!,
    out: result[i + 1]!,
    kernel: numbers(attrs, 'kernel')[i]!,
    stride: numbers(attrs, 'strides')[i]!,
    begin: numbers(attrs, 'begin')[i]!,
  });
  return [axis(0), axis(1)];
}

/** The four maps of a convolution, and the transformation of its filter. */
function mapsOf(convolution: Convolution) {
  const { image, result } = convolution;
  const geometry = axesOf(convolution);
  const { m, denseIn, denseOut } = costOf(geometry, image[3]!, result[3]!, image[0]!)!;
  const [y, x] = geometry.map((g, i) => tiledAxis(g, m[i]!)) as [TiledAxis, TiledAxis];
  const text = geometry.map((g, i) => `${m[i]}:${Object.values(g).join(',')}`).join(' ');
  const inputSizes = [
    [y.q, y.tiles, y.phases],
    [x.q, x.tiles, x.phases],
  ] as const;
  const outputSizes = [
    [y.q, y.tiles, 1],
    [x.q, x.tiles, 1],
  ] as const;
  const weights = pairs(y.weight, x.weight, [
    [y.q, x.q],
    [y.phases, x.phases],
  ]);
  return {
    y,
    x,
    input: { y: y.input, x: x.input, sizes: inputSizes, name: `toom-cook in ${text}`, dense: denseIn },
    inputBack: {
      y: transposed(y.input),
      x: transposed(x.input),
      sizes: inputSizes,
      name: `toom-cook in back ${text}`,
      dense: denseIn,
    },
    output: { y: y.output, x: x.output, sizes: outputSizes, name: `toom-cook out ${text}`, dense: denseOut },
    outputBack: {
      y: transposed(y.output),
      x: transposed(x.output),
      sizes: outputSizes,
      name: `toom-cook out back ${text}`,
      dense: denseOut,
    },
    filter: matrix(weights, `toom-cook filter ${text}`),
    filterBack: matrix(transposed(weights), `toom-cook filter back ${text}`),
  };
}

/** U [products, phases * channels, out] of a filter [kh, kw, channels, out]. */
function transformedFilter(filter: Value, { filter: g, y, x }: ReturnType<typeof mapsOf>): Value {
  const [kh, kw, c, o] = filter.shape as [number, number, number, number];
  const u = product(g, reshape(filter, [kh * kw, c * o]));
  return reshape(u, [y.q * x.q, y.phases * x.phases * c, o]);
}

function batched(a: Value, b: Value, transA: boolean, transB: boolean): Value {
  const left = transA ? transpose(a, [0, 2, 1]) : a;
  const right = transB ? transpose(b, [0, 2, 1]) : b;
  return apply('MatMul', [left, right], [left.shape[0]!, left.shape[1]!, right.shape[2]!], 'float32');
}

/** The convolution that a node belongs to, whichever of the three it is. */
const convolutions: Readonly<Record<string, (node: Node) => Convolution>> = {
  Conv: ({ inputs: [x], outputs: [y], attrs }) => ({ image: x!.shape, result: y!.shape, attrs }),
  ConvInputGradient: ({ inputs: [dy], outputs: [dx], attrs }) => ({ image: dx!.shape, result: dy!.shape, attrs }),
  ConvFilterGradient: ({ inputs: [x, dy], attrs }) => ({ image: x!.shape, result: dy!.shape, attrs }),
};

/** The matrices of an axis are about as large as its square. */
const LONGEST = 2048;

function applies(node: Node): boolean {
  const { image, result, attrs } = convolutions[node.op]!(node);
  if ([...image.slice(1, -1), ...result.slice(1, -1)].some((size) => size > LONGEST)) return false;
  if (image.length !== 4 || numbers(attrs, 'dilations').some((d) => d !== 1)) return false;
  if (((attrs['groups'] as number | undefined) ?? 1) !== 1) return false;
  const [kernel, strides] = [numbers(attrs, 'kernel'), numbers(attrs, 'strides')];
  const taps = kernel.map((k, i) => Math.ceil(k / strides[i]!));
  return taps.every((r) => r < MOST_POINTS) && taps.some((r) => r > 1);
}

/** Whether it is faster than the direct forms, by the numbers of multiplications and of elements moved. */
function pays(node: Node): boolean {
  const convolution = convolutions[node.op]!(node);
  const { image, result } = convolution;
  const geometry = axesOf(convolution);
  const cost = costOf(geometry, image[3]!, result[3]!, image[0]!);
  return cost !== undefined && cost.time < direct(geometry, image[3]!, result[3]!, image[0]!);
}

const common = { name: 'toom-cook', exact: false, applies, pays };

export const convToomCook: Formulation = {
  ...common,
  composite: 'Conv',
  write: ([x, filter], attrs, shape) => {
    const maps = mapsOf({ image: x!.shape, result: shape, attrs });
    const v = spread(toPlaces(x!), maps.input);
    return fromPlaces(gather(batched(v, transformedFilter(filter!, maps), false, false), maps.output, shape[0]!));
  },
};

export const convInputGradientToomCook: Formulation = {
  ...common,
  composite: 'ConvInputGradient',
  write: ([dy, filter], attrs, shape) => {
    const maps = mapsOf({ image: shape, result: dy!.shape, attrs });
    const gradient = spread(toPlaces(dy!), maps.outputBack);
    const dv = batched(gradient, transformedFilter(filter!, maps), false, true);
    return fromPlaces(gather(dv, maps.inputBack, shape[0]!));
  },
};

export const convFilterGradientToomCook: Formulation = {
  ...common,
  composite: 'ConvFilterGradient',
  write: ([x, dy], attrs, shape) => {
    const maps = mapsOf({ image: x!.shape, result: dy!.shape, attrs });
    const v = spread(toPlaces(x!), maps.input);
    const gradient = spread(toPlaces(dy!), maps.outputBack);
    const du = batched(v, gradient, true, false);
    const [kh, kw, c, o] = shape as [number, number, number, number];
    const { y, x: columns, filterBack } = maps;
    const flat = reshape(du, [y.q * columns.q * y.phases * columns.phases, c * o]);
    return reshape(product(filterBack, flat), [kh, kw, c, o]);
  },
};
