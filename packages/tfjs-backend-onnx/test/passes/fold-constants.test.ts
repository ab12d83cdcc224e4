import { describe, expect, it } from 'vitest';
import { constantValue, type Graph, sizeOf, type Value } from '../../src/ir/graph.js';
import { add, composite, div, mul, reshape, scalar, sub, unary } from '../../src/ir/ops.js';
import { foldConstants } from '../../src/passes/fold-constants.js';
import { passes, runPasses } from '../../src/passes/optimise.js';
import { operators, random } from '../evaluate.js';
import { wave } from '../kernels/against-cpu.js';
import { unchanged } from './passes.js';

const fixed = (shape: readonly number[], seed: number): Value =>
  constantValue(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.abs(wave(shape, { seed }).values[i]!) + 0.5),
    shape,
    'float32',
  );
const geometry = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], begin: [1, 1], end: [1, 1] };
const conv = (filter = fixed([3, 3, 3, 4], 2)): Value =>
  composite('Conv', [random([2, 5, 6, 3], 1), filter], [2, 5, 6, 4], 'float32', geometry);
const depthwise = (): Value =>
  composite('DepthwiseConv', [random([2, 5, 6, 3], 1), fixed([3, 3, 3, 2], 2)], [2, 5, 6, 6], 'float32', geometry);
const dense = (transB = 0): Value =>
  composite('MatMul', [random([5, 3], 1), fixed(transB ? [4, 3] : [3, 4], 2)], [5, 4], 'float32', {
    transA: 0,
    transB,
  });
const channels = (seed: number, count = 4) => fixed([count], seed);
/** As tfjs's batch normalisation is recorded. */
const normalised = (x: Value, count = 4): Value => {
  const inverse = unary('Reciprocal', unary('Sqrt', add(channels(4, count), scalar(1e-3))));
  return add(mul(sub(x, channels(3, count)), mul(inverse, channels(5, count))), channels(6, count));
};
const count = (graph: Graph) => {
  const { Input: _, Constant: __, Reshape: ___, ...others } = operators(graph);
  return others;
};

describe('folding of constants', () => {
  it.each([
    ['a convolution', () => normalised(conv()), { Conv: 1, Add: 1 }],
    ['a convolution with bias', () => normalised(add(conv(), channels(7))), { Conv: 1, Add: 1 }],
    ['a depthwise convolution', () => normalised(depthwise(), 6), { DepthwiseConv: 1, Add: 1 }],
    ['a product', () => normalised(dense()), { MatMul: 1, Add: 1 }],
    ['a convolution seen in another shape', () => normalised(reshape(conv(), [60, 4])), { Conv: 1, Add: 1 }],
    ['two normalisations', () => normalised(normalised(conv())), { Conv: 1, Add: 1 }],
    ['one number for all', () => div(mul(scalar(3), conv()), scalar(2)), { Conv: 1 }],
    ['a difference', () => sub(conv(), channels(3)), { Conv: 1, Add: 1 }],
  ])('%s takes what follows into its weights', (_name, make, expected) => {
    const after = unchanged(foldConstants, { outputs: [make()] }, 1e-5);
    expect(count(after)).toEqual(expected);
  });

  it.each([
    ['weights that are inputs', () => mul(conv(random([3, 3, 3, 4], 2)), channels(3)), 1],
    ['weights with their channels first', () => mul(dense(1), channels(3)), 1],
    ['a factor per place', () => mul(conv(), fixed([6, 1], 3)), 1],
    ['a factor per image', () => mul(conv(), fixed([2, 1, 1, 1], 3)), 1],
    ['a result that grows', () => mul(dense(), fixed([2, 1, 4], 3)), 1],
    ['a number divided by it', () => div(channels(3), conv()), 0],
  ])('%s stay', (_name, make, products) => {
    const after = unchanged(foldConstants, { outputs: [make()] });
    expect(operators(after)['Mul'] ?? 0).toBe(products);
  });

  it('a product that others read as well stays', () => {
    const y = conv();
    const after = unchanged(foldConstants, { outputs: [mul(y, channels(3)), unary('Exp', y)] });
    expect(count(after)).toEqual({ Conv: 1, Mul: 1, Exp: 1 });
    const z = conv();
    const biased = add(z, channels(7));
    const both = unchanged(foldConstants, { outputs: [mul(biased, channels(3)), unary('Exp', biased)] });
    expect(count(both)).toEqual({ Conv: 1, Add: 1, Mul: 1, Exp: 1 });
  });

  it('runs only where weights are constants, and roundings may change', () => {
    const graph = { outputs: [normalised(conv())] };
    const fold = passes.filter(({ name }) => name === 'foldConstants');
    expect(runPasses(fold, graph, { exact: false })).toBe(graph);
    expect(runPasses(fold, graph, { exact: true, folds: true })).toBe(graph);
    expect(runPasses(fold, graph, { exact: false, folds: true })).not.toBe(graph);
  });
});
