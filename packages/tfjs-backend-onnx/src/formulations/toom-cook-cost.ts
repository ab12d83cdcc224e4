import { type AxisGeometry, MOST_POINTS } from './toom-cook-matrices.js';

/**
 * Estimates of what a convolution and its two gradients take. Only their ratio decides. The numbers were chosen so that
 * the estimates are about the nanoseconds of whole layers on two AVX-512 cores, where they were compared; both forms
 * multiply with the same matrix kernel.
 */

/** One multiply-add of a large product; skinny ones take longer. */
const PRODUCT = 0.014;
/** One element read and one written. */
const MOVE = 0.35;
/** One element of a filter brought from tfjs's order into the one of the direct forms, or back. */
const REORDER = 8;
/** One multiply-add of the direct forms, which build columns on the fly. */
const DIRECT = 0.021;

/** Rows, columns and depth below this waste part of the kernel's registers. */
const filled = (size: number): number => size / (size + 12);

const productTime = (rows: number, depth: number, columns: number): number =>
  (rows * depth * columns * PRODUCT) / (filled(rows) * filled(depth) * filled(columns));

interface Choice {
  time: number;
  /** Outputs per tile, per axis. */
  m: readonly [number, number];
  denseIn: boolean;
  denseOut: boolean;
}

type Geometry = readonly [AxisGeometry, AxisGeometry];

/** Time of the direct forms of a convolution and its gradients. */
export function direct([y, x]: Geometry, channels: number, out: number, batch: number): number {
  const filter = y.kernel * x.kernel * channels * out;
  const products = (y.out * x.out * batch * filter * DIRECT) / (filled(channels * y.kernel * x.kernel) * filled(out));
  return 3 * (products + filter * REORDER);
}

/** The cheapest tiling, or undefined where none is possible. */
export function costOf(geometry: Geometry, channels: number, out: number, batch: number): Choice | undefined {
  const taps = geometry.map(({ kernel, stride }) => Math.ceil(kernel / stride)) as [number, number];
  let best: Choice | undefined;
  for (let m = 2; m <= 6; m++) {
    const per = geometry.map((axis, i) => (taps[i]! === 1 ? 1 : Math.min(m, axis.out))) as [number, number];
    if (per.some((outputs, i) => outputs + taps[i]! - 1 > MOST_POINTS)) continue;
    const choice = timeOf(geometry, taps, per, channels, out, batch);
    if (best === undefined || choice.time < best.time) best = choice;
  }
  return best;
}

function timeOf(
  [y, x]: Geometry,
  taps: readonly [number, number],
  m: readonly [number, number],
  channels: number,
  out: number,
  batch: number,
): Choice {
  const [qy, qx] = [m[0] + taps[0] - 1, m[1] + taps[1] - 1];
  const [ty, tx] = [Math.ceil(y.out / m[0]), Math.ceil(x.out / m[1])];
  const phases = y.stride * x.stride;
  const [products, tiles] = [qy * qx, ty * tx];
  const main = products * productTime(tiles * batch, phases * channels, out);
  const weights = productTime(products * phases, y.kernel * x.kernel, channels * out);
  const map = (rowsY: number, rowsX: number, height: number, width: number, columns: number, reorder: boolean) => {
    const moved = rowsY * rowsX * columns * MOVE;
    const dense = productTime(rowsY * rowsX, height * width, columns) + moved * (phases > 1 && reorder ? 2 : 1);
    const apart =
      productTime(rowsY, height, width * columns) +
      rowsY * productTime(rowsX, width, columns) +
      rowsY * width * columns * MOVE +
      moved * (tiles > 1 || (phases > 1 && reorder) ? 2 : 1);
    return { dense: dense <= apart, time: Math.min(dense, apart) };
  };
  const input = map(qy * ty * y.stride, qx * tx * x.stride, y.size, x.size, batch * channels, true);
  const output = map(qy * ty, qx * tx, y.out, x.out, batch * out, false);
  return {
    time: 3 * main + 2 * (input.time + output.time + weights),
    m,
    denseIn: input.dense,
    denseOut: output.dense,
  };
}
