import { describe, expect, it } from 'vitest';
import type { Graph, Value } from '../../src/ir/graph.js';
import { add, composite, unary } from '../../src/ir/ops.js';
import { fuseBias } from '../../src/passes/fuse-bias.js';
import { lower } from '../../src/passes/lower.js';
import { afterLowering } from '../../src/passes/optimise.js';
import { operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';

const geometry = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], begin: [1, 1], end: [1, 1] };
const conv = (c: number, o: number, n = 2): Value =>
  composite('Conv', [random([n, 5, 6, c], 1), random([3, 3, c, o], 2)], [n, 5, 6, o], 'float32', geometry);
/** Between two convolutions, so that the sum is done in their order. */
const followed = (y: Value): Value => {
  const [n, , , c] = y.shape as [number, number, number, number];
  return composite('Conv', [y, random([3, 3, c, 2], 4)], [n, 5, 6, 2], 'float32', geometry);
};
const dense = (): Value =>
  composite('MatMul', [random([5, 3], 1), random([3, 4], 2)], [5, 4], 'float32', { transA: 0, transB: 0 });

/** As the pass sees graphs: lowered, with the layout chosen. */
const prepared = (value: Value): Graph => afterLowering(lower({ outputs: [value] }, { exact: true }));

describe('bias fusion', () => {
  it.each([
    ['dense', () => add(dense(), random([4], 3))],
    ['dense, bias first', () => add(random([1, 4], 3), dense())],
    ['convolution and relu', () => followed(unary('Relu', add(conv(3, 4), random([4], 3))))],
    ['convolution of one image', () => followed(add(conv(2, 3, 1), random([3], 3)))],
  ])('%s: the sum goes into the product', (_name, make) => {
    expect(operators(prepared(make()))).not.toHaveProperty('Add');
    const lowered = lower({ outputs: [make()] }, { exact: true });
    unchanged(fuseBias, lowered);
    unchanged((graph) => afterLowering(graph), lowered, 1e-4);
  });

  it.each([
    ['a full matrix', () => add(dense(), random([5, 4], 3))],
    ['a column', () => add(dense(), random([5, 1], 3))],
    [
      'the product itself',
      () => {
        const y = dense();
        return add(y, y);
      },
    ],
    ['a bias per place', () => add(conv(3, 4), random([5, 6, 1], 3))],
    ['as many columns as channels', () => add(conv(3, 6), random([6, 1], 3))],
    ['two products', () => add(dense(), dense())],
  ])('%s is no bias', (_name, make) => {
    const lowered = lower({ outputs: [make()] }, { exact: true });
    unchanged(fuseBias, lowered);
    unchanged((graph) => afterLowering(graph), lowered, 1e-4);
    expect(operators(prepared(make()))['Add']).toBe(1);
  });

  it('a product that others read as well stays', () => {
    const y = dense();
    const lowered = lower({ outputs: [add(y, random([4], 3)), unary('Exp', y)] }, { exact: true });
    const after = unchanged(fuseBias, lowered);
    expect(operators(after)['Add']).toBe(1);
  });
});
