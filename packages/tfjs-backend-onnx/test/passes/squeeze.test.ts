import { describe, expect, it } from 'vitest';
import { type Graph, topological, type Value } from '../../src/ir/graph.js';
import {
  add,
  apply,
  compare,
  composite,
  concat,
  flexible,
  mul,
  pad,
  reduce,
  reshape,
  slice,
  transpose,
  unary,
  where,
} from '../../src/ir/ops.js';
import { layout } from '../../src/passes/layout.js';
import { lower } from '../../src/passes/lower.js';
import { squeeze } from '../../src/passes/squeeze.js';
import { given, operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';

/** Three and two long axes with axes of length one in all places. */
const shapes = [
  [1, 2, 3, 4],
  [2, 1, 3, 4],
  [2, 3, 1, 4],
  [2, 3, 4, 1],
  [1, 2, 1, 3, 1],
  [2, 1, 1, 3],
];

/** The operations of a graph that have an axis of length one. */
const withUnits = (graph: Graph): string[] =>
  topological(graph.outputs)
    .filter(({ op }) => op !== 'Input' && op !== 'Constant' && op !== 'Reshape')
    .filter(({ outputs }) => outputs[0]!.shape.includes(1))
    .map(({ op }) => op);

describe.each(shapes.map((shape) => [shape]))('squeeze of [%s]', (shape) => {
  const axes = shape.map((_, axis) => axis);
  const long = axes.filter((axis) => shape[axis] !== 1);
  const x = random(shape, 1);
  const squeezed = (...outputs: Value[]) => unchanged(squeeze, { outputs }, 1e-5);

  it('elementwise operations, with numbers per axis, of lower rank, scalars and conditions', () => {
    const outputs: Value[] = [
      unary('Exp', x),
      add(x, random([], 2)),
      where(compare('Less', x, random([1], 3)), x, random(shape, 4)),
    ];
    for (const axis of axes) {
      const row = shape.map((dim, i) => (i === axis ? dim : 1));
      outputs.push(mul(x, random(row, 5)), add(random(row.slice(axis), 6), x));
    }
    expect(withUnits(squeezed(...outputs))).toEqual([]);
  });

  it('an axis that broadcasting makes long stays', () => {
    const wide = shape.map((dim) => (dim === 1 ? 3 : dim));
    const outputs = [
      mul(x, random(wide, 2)),
      add(
        random(
          shape.map(() => 1),
          3,
        ),
        random(wide, 4),
      ),
    ];
    squeezed(...outputs);
  });

  it.each([true, false])('reductions, keepdims %s', (keep) => {
    const outputs = axes.flatMap((a) =>
      axes
        .filter((b) => b >= a)
        .flatMap((b) => {
          const over = a === b ? [a] : [a, b];
          const raw = apply(
            'ReduceSum',
            [x],
            over.length ? reduce('ReduceSum', x, over, keep).shape : shape,
            'float32',
            {
              axes: over,
              keepdims: keep ? 1 : 0,
            },
          );
          return [
            reduce('ReduceSum', x, over, keep),
            reduce('ReduceMax', x, over, keep),
            reduce('ReduceMean', x, over, keep),
            raw,
          ];
        }),
    );
    squeezed(...outputs, reduce('ReduceSum', x, axes, keep));
  });

  it('transposes', () => {
    const reversed = axes.slice().reverse();
    const rotated = axes.map((axis) => (axis + 1) % axes.length);
    for (const perm of [reversed, rotated]) {
      const raw = apply(
        'Transpose',
        [x],
        perm.map((axis) => shape[axis]!),
        'float32',
        { perm },
      );
      const after = squeezed(raw, transpose(x, perm));
      expect(withUnits(after)).toEqual([]);
    }
  });

  it('concatenations, slices and paddings along long axes and along axes of length one', () => {
    const outputs = axes.flatMap((axis) => {
      const y = unary('Exp', x);
      const size = shape[axis]!;
      const list: Value[] = [
        concat([x, y, x], axis),
        pad(
          y,
          axes.map((a): [number, number] => (a === axis ? [1, 2] : [0, 0])),
          7,
        ),
        slice(y, [0, 0], [shape[long[0]!]! - 1, 1], [long[0]!, axes.find((a) => shape[a] === 1)!]),
      ];
      if (size > 1)
        list.push(
          slice(y, [1], [size], [axis]),
          slice(y, [size - 1], [-1], [axis], [-1]),
          slice(y, [0], [size], [axis], [2]),
        );
      return list;
    });
    squeezed(...outputs);
  });

  it('operations of any memory order', () => {
    const doubled = shape.map((dim) => (dim === 1 ? 1 : 2 * dim));
    const y = random(doubled, 2);
    const kernel = axes.map((axis) => (shape[axis] === 1 ? 1 : 2));
    const outputs = [
      flexible('TilePool', [y], shape, { op: 'ReduceMax', kernel, axes }),
      flexible('TileSpread', [x], doubled, { kernel, axes }),
      ...axes.map((axis) =>
        flexible(
          'Interleave',
          [x, unary('Exp', x)],
          shape.map((dim, a) => (a === axis ? 2 * dim : dim)),
          { axes: [axis] },
        ),
      ),
    ];
    squeezed(...outputs);
  });
});

describe('squeeze', () => {
  it('leaves alone what has no axes of length one, and single numbers', () => {
    const x = random([3, 4], 1);
    const graph = { outputs: [unary('Exp', mul(x, random([4], 2))), unary('Exp', random([1, 1], 3)), random([], 4)] };
    expect(squeeze(graph)).toBe(graph);
  });

  it('integers and bools', () => {
    const n = given([2, 1, 3], [1, 2, 3, 4, 5, 6], 'int32');
    unchanged(squeeze, {
      outputs: [add(n, n), reduce('ReduceSum', n, [1, 2], false), compare('Less', n, given([1], [4], 'int32'))],
    });
  });

  it('one memory order serves one-dimensional convolutions and what tfjs does between them', () => {
    const geometry = { kernel: [1, 3], strides: [1, 1], dilations: [1, 1], begin: [0, 1], end: [0, 1] };
    const [n, w, c] = [2, 11, 3];
    // A one-dimensional convolution is a two-dimensional one between reshapes.
    const conv = (x: Value, seed: number) => {
      const image = reshape(x, [n, 1, w, c]);
      return reshape(composite('Conv', [image, random([1, 3, c, c], seed)], [n, 1, w, c], 'float32', geometry), [
        n,
        w,
        c,
      ]);
    };
    const between = (x: Value) => unary('Tanh', add(mul(x, random([c], 5)), random([1, 1, c], 6)));
    const lowered = lower(
      { outputs: [conv(between(conv(between(conv(random([n, w, c], 1), 2)), 3)), 4)] },
      { exact: true },
    );
    const transposes = (graph: Graph) =>
      topological(graph.outputs).filter(
        ({ op, outputs }) => op === 'Transpose' && outputs[0]!.shape.reduce((a, b) => a * b, 1) === n * w * c,
      ).length;
    const after = unchanged((graph) => layout(squeeze(graph)), lowered, 1e-5);
    // In at the beginning, out at the end.
    expect(transposes(after)).toBe(2);
    expect(transposes(layout(lowered))).toBeGreaterThan(2);
    expect(operators(after)['Conv']).toBe(3);
  });
});
