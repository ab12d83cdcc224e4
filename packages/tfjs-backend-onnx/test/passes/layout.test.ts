import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/ir/graph.js';
import { add, concat, mul, pad, reduce, reshape, slice, transpose, unary } from '../../src/ir/ops.js';
import { layout } from '../../src/passes/layout.js';
import { operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';

const orders = [
  [3, 1, 2, 0],
  [0, 3, 1, 2],
  [1, 2, 0, 3],
] as const;

/** What goes on between two convolutions, in their order and back. */
const between = (f: (x: Value) => Value, order: readonly number[], shape: readonly number[] = [2, 5, 6, 3]): Value => {
  const inverse = order.map((_, i) => order.indexOf(i));
  return transpose(f(transpose(random(shape, 1), order)), inverse);
};

describe('layout', () => {
  describe.each(orders.map((order) => [order]))('island between transposes by %s', (order) => {
    const shape = [2, 5, 6, 3];
    const moved = order.map((axis) => shape[axis]!);
    it.each<[string, (x: Value) => Value]>([
      ['elementwise', (x) => unary('Tanh', add(mul(x, x), x))],
      ['a number per last axis', (x) => mul(x, random([moved[3]!], 2))],
      ['a number per first axis', (x) => add(x, random([moved[0]!, 1, 1, 1], 2))],
      ['concatenation', (x) => concat([x, unary('Exp', x)], 2)],
      ['slices', (x) => slice(unary('Exp', x), [1, 0], [moved[1]!, 2], [1, 2])],
      ['backward slices', (x) => slice(unary('Exp', x), [moved[1]! - 1], [-1], [1], [-1])],
      [
        'padding',
        (x) =>
          pad(
            unary('Exp', x),
            [
              [0, 1],
              [2, 0],
              [0, 0],
              [1, 3],
            ],
            2,
          ),
      ],
    ])('%s need no transposes', (_name, f) => {
      const after = unchanged(layout, { outputs: [between(f, order)] });
      expect(operators(after)['Transpose'] ?? 0).toBeLessThanOrEqual(1);
    });
  });

  it('reductions read any order', () => {
    for (const order of orders) {
      const x = transpose(random([2, 5, 6, 3], 1), order);
      for (const axes of [[0], [1, 2], [0, 1, 2], [3]]) {
        for (const keep of [true, false]) {
          const after = unchanged(
            layout,
            { outputs: [reduce('ReduceSum', x, axes, keep), reduce('ReduceMax', x, axes, keep)] },
            1e-5,
          );
          // What is left is small.
          for (const value of after.outputs)
            expect(value.node.op === 'Transpose' || value.node.op.startsWith('Re')).toBe(true);
        }
      }
    }
  });

  it('values that leave the island keep their order, whoever else reads them', () => {
    const y = unary('Exp', transpose(random([2, 5, 6, 3], 1), [3, 1, 2, 0]));
    const back = transpose(mul(y, y), [3, 1, 2, 0]);
    unchanged(layout, { outputs: [y, back, reshape(y, [3, 30, 2]), reduce('ReduceSum', y, [0], false)] }, 1e-5);
  });
});
