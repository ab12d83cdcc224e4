import { describe, expect, it } from 'vitest';
import { type Graph, topological, type Value } from '../../src/ir/graph.js';
import { add, apply, composite, reshape, unary } from '../../src/ir/ops.js';
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

  describe('behind another sum', () => {
    const loose = (graph: Graph) => fuseBias(graph, { exact: false });
    const sums = (value: Value) => operators(unchanged(loose, lower({ outputs: [value] }, { exact: true })))['Add'];
    const state = () => random([5, 4], 4);

    it('goes into the product, on either side', () => {
      expect(sums(add(add(state(), dense()), random([4], 3)))).toBe(1);
      expect(sums(add(random([1, 4], 3), add(dense(), state())))).toBe(1);
      // Two products: one takes it.
      expect(sums(add(add(dense(), dense()), random([4], 3)))).toBe(1);
    });

    it('stays where the order of sums is kept, where others read, and where it is no bias', () => {
      const graph = lower({ outputs: [add(add(state(), dense()), random([4], 3))] }, { exact: true });
      expect(operators(unchanged(fuseBias, graph))['Add']).toBe(2);
      const y = dense();
      const read = { outputs: [add(add(state(), y), random([4], 3)), unary('Exp', y)] };
      expect(operators(unchanged(loose, lower(read, { exact: true })))['Add']).toBe(2);
      expect(sums(add(add(state(), dense()), random([5, 1], 3)))).toBe(2);
      expect(sums(add(add(random([4], 5), dense()), random([4], 3)))).toBe(1);
      // A second bias, when the first one is in, and the other product is read elsewhere.
      const other = dense();
      const twice = add(add(add(dense(), other), random([4], 3)), random([4], 6));
      const both = lower({ outputs: [twice, unary('Exp', other)] }, { exact: true });
      expect(operators(unchanged(loose, both))).toMatchObject({ Gemm: 2, Add: 2 });
      expect(sums(add(add(random([3, 5, 4], 5), dense()), random([4], 3)))).toBe(2);
    });
  });

  describe('through a reshape of higher rank', () => {
    const seen = (shape: readonly number[], y = dense()) => reshape(y, shape);
    const after = (...outputs: Value[]) => operators(unchanged(fuseBias, lower({ outputs }, { exact: true })));

    it.each([
      [[1, 5, 4], [4]],
      [
        [5, 1, 4],
        [1, 4],
      ],
      [
        [1, 5, 1, 4],
        [1, 1, 1, 4],
      ],
    ])('rows seen as [%s] take a bias of shape [%s]', (shape, bias) => {
      expect(after(add(seen(shape), random(bias, 3)))).not.toHaveProperty('Add');
      expect(after(add(random(bias, 3), seen(shape)))).not.toHaveProperty('Add');
    });

    it('columns that are no columns any more, and numbers per row, stay a sum', () => {
      expect(after(add(seen([5, 2, 2]), random([2], 3)))['Add']).toBe(1);
      expect(after(add(seen([4, 5]), random([5], 3)))['Add']).toBe(1);
      expect(after(add(seen([1, 4, 5]), random([4, 1], 3)))['Add']).toBe(1);
      expect(after(add(seen([1, 5, 4]), random([5, 1], 3)))['Add']).toBe(1);
      expect(after(add(seen([20]), random([1], 3)))['Add']).toBe(1);
    });

    it('a bias that makes the sum larger stays a sum', () => {
      const one = () =>
        composite('MatMul', [random([1, 3], 1), random([3, 4], 2)], [1, 4], 'float32', { transA: 0, transB: 0 });
      expect(after(add(one(), random([6, 4], 3)))['Add']).toBe(1);
      expect(after(add(one(), random([6, 1, 4], 3)))['Add']).toBe(1);
      expect(after(add(seen([1, 1, 4], one()), random([2, 1, 4], 3)))['Add']).toBe(1);
    });

    it('a product or a reshape that others read stays', () => {
      const y = dense();
      const view = seen([1, 5, 4], y);
      expect(after(add(view, random([4], 3)), unary('Exp', y))['Add']).toBe(1);
      expect(after(add(view, random([4], 3)), unary('Exp', view))['Add']).toBe(1);
      expect(after(add(view, random([4], 3)), view)['Add']).toBe(1);
    });
  });

  it('channels of a convolution that a reshape moved elsewhere take no bias', () => {
    const y = apply('Conv', [random([4, 3, 1, 1], 1), random([6, 3, 1, 1], 2)], [4, 6, 1, 1], 'float32', {
      kernel_shape: [1, 1],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      group: 1,
    });
    const graph = (shape: readonly number[]): Graph => ({ outputs: [add(reshape(y, shape), random([6, 1, 1], 3))] });
    expect(operators(unchanged(fuseBias, graph([2, 6, 2, 1])))['Add']).toBe(1);
    expect(operators(unchanged(fuseBias, graph([4, 6, 1, 1])))).not.toHaveProperty('Add');
  });

  it('relu follows its convolution directly, also where the bias is fused', () => {
    const graph = prepared(followed(unary('Relu', add(conv(3, 4), random([4], 3)))));
    const relu = topological(graph.outputs).find(({ op }) => op === 'Relu')!;
    expect(relu.inputs[0]!.node.op).toBe('Conv');
    expect(relu.inputs[0]!.node.inputs.length).toBe(3);
  });
});
