import { constantValue, type Node, type Value } from '../ir/graph.js';
import { apply, cast, compare, expand, mul, pad, reduce, reshape, scalar, slice } from '../ir/ops.js';
import { fromBatchLast, toBatchLast } from './batch-last.js';
import { type Formulation, numbers } from './formulation.js';

/** Pooling in the order [channels, height, width, batch]. */

type Pair = readonly [number, number];

/** Windows that do not overlap, two spatial axes, no padding. */
export function isTiled({ attrs, outputs }: Node): boolean {
  const kernel = numbers(attrs, 'kernel');
  return (
    outputs[0]!.shape.length === 4 &&
    numbers(attrs, 'strides').every((stride, i) => stride === kernel[i]) &&
    [...numbers(attrs, 'begin'), ...numbers(attrs, 'end')].every((p) => p === 0)
  );
}

/** The part of images [c, h, w, n] that tiling windows see. */
function covered(x: Value, [oh, ow]: Pair, [kh, kw]: Pair): Value {
  return slice(x, [0, 0], [oh * kh, ow * kw], [1, 2]);
}

/** One number per window: reduces first over rows, then over columns, each a reduction of one middle axis. */
function overWindows(op: string, x: Value, [oh, ow]: Pair, [kh, kw]: Pair): Value {
  const [c, , , n] = x.shape as [number, number, number, number];
  const rows = reduce(op, reshape(x, [c * oh, kh, ow * kw * n]), [1], false);
  const columns = reduce(op, reshape(rows, [c * oh * ow, kw, n]), [1], false);
  return reshape(columns, [c, oh, ow, n]);
}

const tiledPool = (composite: string, op: string): Formulation => ({
  composite,
  name: 'batch-last tiles',
  exact: true,
  applies: isTiled,
  write: ([x], attrs, shape) => {
    const kernel = numbers(attrs, 'kernel') as unknown as Pair;
    const out: Pair = [shape[1]!, shape[2]!];
    return fromBatchLast(overWindows(op, covered(toBatchLast(x!), out, kernel), out, kernel));
  },
});

export const maxPoolTiles = tiledPool('MaxPool', 'ReduceMax');
export const averagePoolTiles = tiledPool('AveragePool', 'ReduceMean');

/** Any windows, as a pooling of volumes that does not pool along the batch. */
const pool = (composite: string): Formulation => ({
  composite,
  name: 'batch-last',
  exact: true,
  applies: ({ outputs }) => outputs[0]!.shape.length === 4,
  write: ([x], attrs, shape) => {
    const image = toBatchLast(x!);
    const [n, oh, ow, c] = shape as [number, number, number, number];
    const volume = reshape(image, [1, ...image.shape]);
    const y = apply(composite, [volume], [1, c, oh, ow, n], 'float32', {
      kernel_shape: [...numbers(attrs, 'kernel'), 1],
      strides: [...numbers(attrs, 'strides'), 1],
      pads: [...numbers(attrs, 'begin'), 0, ...numbers(attrs, 'end'), 0],
    });
    return fromBatchLast(reshape(y, [c, oh, ow, n]));
  },
});

export const maxPoolBatchLast = pool('MaxPool');
export const averagePoolBatchLast = pool('AveragePool');

/** Adds the rows and columns that no window covers. */
function uncovered(x: Value, height: number, width: number): Value {
  return pad(x, [
    [0, 0],
    [0, height - x.shape[1]!],
    [0, width - x.shape[2]!],
    [0, 0],
  ]);
}

/**
 * Gradient of max-pooling over tiles: the gradient goes to the first largest element of each window, as in tfjs. Places
 * that hold the maximum are weighted by falling numbers; the largest weight marks the first of them.
 */
export const maxPoolGradientTiles: Formulation = {
  composite: 'MaxPoolGradient',
  name: 'batch-last tiles',
  exact: true,
  applies: isTiled,
  write: ([dy, x, y], attrs, shape) => {
    const kernel = numbers(attrs, 'kernel') as unknown as Pair;
    const [kh, kw] = kernel;
    const [n, oh, ow, c] = dy!.shape as [number, number, number, number];
    const out: Pair = [oh, ow];
    const tiles = [c * oh, kh, ow, kw, n];
    const perTile = [c * oh, 1, ow, 1, n];
    const image = reshape(covered(toBatchLast(x!), out, kernel), tiles);
    const largest = cast(compare('Equal', image, reshape(toBatchLast(y!), perTile)), 'float32');
    const weights = Float32Array.from({ length: kh * kw }, (_, i) => kh * kw - i);
    const weighted = mul(largest, constantValue(weights, [1, kh, 1, kw, 1], 'float32'));
    const best = overWindows('ReduceMax', reshape(weighted, [c, oh * kh, ow * kw, n]), out, kernel);
    const first = cast(compare('Equal', weighted, reshape(best, perTile)), 'float32');
    const dx = reshape(mul(first, reshape(toBatchLast(dy!), perTile)), [c, oh * kh, ow * kw, n]);
    return fromBatchLast(uncovered(dx, shape[1]!, shape[2]!));
  },
};

/** Gradient of average pooling over tiles: each element gets its share. */
export const averagePoolGradientTiles: Formulation = {
  composite: 'AveragePoolGradient',
  name: 'batch-last tiles',
  exact: true,
  applies: isTiled,
  write: ([dy], attrs, shape) => {
    const [kh, kw] = numbers(attrs, 'kernel') as unknown as Pair;
    const [n, oh, ow, c] = dy!.shape as [number, number, number, number];
    const share = mul(toBatchLast(dy!), scalar(1 / (kh * kw)));
    const spread = expand(reshape(share, [c * oh, 1, ow, 1, n]), [c * oh, kh, ow, kw, n]);
    return fromBatchLast(uncovered(reshape(spread, [c, oh * kh, ow * kw, n]), shape[1]!, shape[2]!));
  },
};
