import { describe, expect, it } from 'vitest';
import { topological, type Value } from '../../src/ir/graph.js';
import { FLEXIBLE, flexible, transpose, unary } from '../../src/ir/ops.js';
import { inversePermutation, permuted } from '../../src/ir/shapes.js';
import { settle } from '../../src/passes/settle.js';
import { evaluate, given, random } from '../evaluate.js';
import { wave } from '../kernels/against-cpu.js';

type Attributes = Parameters<typeof flexible>[3];

function permutations(list: readonly number[]): number[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((first) => permutations(list.filter((other) => other !== first)).map((rest) => [first, ...rest]));
}

/** The operation in tfjs's order, and in another one with transposes around it. */
function inOrders(op: string, inputs: readonly Value[], shape: readonly number[], attrs: Attributes): Value[] {
  const orders = permutations(shape.map((_, i) => i));
  const axes = attrs.axes;
  return orders.map((order) => {
    const place = inversePermutation(order);
    const moved = inputs.map((value) => transpose(value, order));
    const attributes = { ...attrs, axes: axes.map((axis) => place[axis]!) };
    return transpose(flexible(op, moved, permuted(shape, order), attributes), place);
  });
}

function expectEqual(values: readonly Value[], expected: (flat: number) => number): void {
  const settled = settle({ outputs: values });
  expect(topological(settled.outputs).some(({ domain }) => domain === FLEXIBLE)).toBe(false);
  for (const numbers of evaluate(settled)) {
    const truth = Float64Array.from({ length: numbers.length }, (_, i) => expected(i));
    expect(Float64Array.from(numbers as Float32Array)).toBeAllclose(truth, { rtol: 1e-6, atol: 1e-6 });
  }
}

const [N, H, W, C] = [2, 4, 6, 3] as const;
const [KH, KW] = [2, 3] as const;
const attrs = { axes: [1, 2], kernel: [KH, KW] };
/** Few levels, so that windows have several largest elements. */
const numbers = wave([N, H, W, C]).values.map((v) => Math.round(2 * v));
const x = given([N, H, W, C], numbers);
const at = (n: number, h: number, w: number, c: number): number => numbers[((n * H + h) * W + w) * C + c]!;

/** Places of a flat index of [n, height, width, c]. */
const place = (flat: number, height: number, width: number) => {
  const c = flat % C;
  const w = Math.floor(flat / C) % width;
  const h = Math.floor(flat / (C * width)) % height;
  return { n: Math.floor(flat / (C * width * height)), h, w, c };
};

const inWindow = (n: number, i: number, j: number, c: number): number[] =>
  Array.from({ length: KH * KW }, (_, k) => at(n, i * KH + Math.floor(k / KW), j * KW + (k % KW), c));

describe('operations in any memory order, all 24', () => {
  const small = [N, H / KH, W / KW, C];

  it('reductions of windows', () => {
    const windowOf = (flat: number) => {
      const { n, h, w, c } = place(flat, H / KH, W / KW);
      return inWindow(n, h, w, c);
    };
    expectEqual(inOrders('TilePool', [x], small, { ...attrs, op: 'ReduceMax' }), (i) => Math.max(...windowOf(i)));
    expectEqual(
      inOrders('TilePool', [x], small, { ...attrs, op: 'ReduceMean' }),
      (i) => windowOf(i).reduce((a, b) => a + b, 0) / (KH * KW),
    );
  });

  it('numbers spread over windows', () => {
    const values = wave(small, { seed: 2 }).values;
    expectEqual(inOrders('TileSpread', [given(small, values)], [N, H, W, C], attrs), (flat) => {
      const { n, h, w, c } = place(flat, H, W);
      return values[((n * (H / KH) + Math.floor(h / KH)) * (W / KW) + Math.floor(w / KW)) * C + c]!;
    });
  });

  it.each([0, 1])(
    'gradients of maxima go to the first in row-major order, whatever the order in memory; steep %d',
    (steep) => {
      const gradient = wave(small, { seed: 3 }).values;
      const largest = Float32Array.from({ length: gradient.length }, (_, flat) => {
        const { n, h, w, c } = place(flat, H / KH, W / KW);
        return Math.max(...inWindow(n, h, w, c));
      });
      const inputs = [given(small, gradient), x, given(small, largest)];
      expectEqual(inOrders('TileMaxGradient', inputs, [N, H, W, C], { ...attrs, steep }), (flat) => {
        const { n, h, w, c } = place(flat, H, W);
        const [i, j] = [Math.floor(h / KH), Math.floor(w / KW)];
        const window = inWindow(n, i, j, c);
        const isFirst = window.indexOf(Math.max(...window)) === (h % KH) * KW + (w % KW);
        return isFirst ? gradient[((n * (H / KH) + i) * (W / KW) + j) * C + c]! : 0;
      });
    },
  );

  it('interleaving along each axis', () => {
    const shape = [2, 3, 2, 4];
    const parts = [0, 1, 2].map((seed) => wave(shape, { seed }).values);
    for (let axis = 0; axis < 4; axis++) {
      const whole = shape.map((dim, a) => (a === axis ? 3 * dim : dim));
      const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      expectEqual(
        inOrders(
          'Interleave',
          parts.map((part) => given(shape, part)),
          whole,
          { axes: [axis] },
        ),
        (flat) => {
          const after = flat % inner;
          const along = Math.floor(flat / inner) % whole[axis]!;
          const before = Math.floor(flat / (inner * whole[axis]!));
          return parts[along % 3]![(before * shape[axis]! + Math.floor(along / 3)) * inner + after]!;
        },
      );
    }
  });

  it('three axes of windows, and windows of one element', () => {
    const shape = [1, 4, 2, 6, 2];
    const y = random(shape, 4);
    const kernel = [2, 1, 3];
    const values = wave(shape, { seed: 4 }).values;
    const pooled = [1, 2, 2, 2, 2];
    const value = flexible('TilePool', [y], pooled, { op: 'ReduceMax', axes: [1, 2, 3], kernel });
    expectEqual([value], (flat) => {
      const [c, k, j, i] = [flat % 2, Math.floor(flat / 2) % 2, Math.floor(flat / 4) % 2, Math.floor(flat / 8)];
      let best = -1;
      for (let a = 0; a < 2; a++)
        for (let b = 0; b < 3; b++) best = Math.max(best, values[(((i * 2 + a) * 2 + j) * 6 + k * 3 + b) * 2 + c]!);
      return best;
    });
  });

  it('everything else stays the same object', () => {
    const graph = { outputs: [unary('Exp', x)] };
    expect(settle(graph)).toBe(graph);
  });
});
