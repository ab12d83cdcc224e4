import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Graph, type Node, topological, type Value } from '../../src/ir/graph.js';
import { add, apply, concat, reduce, reshape, split, unary } from '../../src/ir/ops.js';
import { commonSubexpressions } from '../../src/passes/common-subexpressions.js';
import { mergeProducts } from '../../src/passes/merge-products.js';
import { optimise } from '../../src/passes/optimise.js';
import { given, operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';
import { recorded, startBackend } from './recorded.js';

interface Flags {
  transA?: 0 | 1;
  transB?: 0 | 1;
}

function gemm(a: Value, b: Value, { transA = 0, transB = 0 }: Flags = {}): Value {
  const shape = [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!];
  return apply('Gemm', [a, b], shape, 'float32', { transA, transB });
}

const gemms = (graph: Graph): Node[] => topological(graph.outputs).filter(({ op }) => op === 'Gemm');
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sum = (terms: readonly Value[]): Value => terms.slice(1).reduce((total, term) => add(total, term), terms[0]!);
const merged = (...outputs: Value[]): Graph => unchanged(mergeProducts, { outputs }, 2e-6);

describe('sums of products', () => {
  const rows = [3, 1, 5, 2];
  const terms = (seed = 0): Value[] =>
    rows.map((n, i) => gemm(random([n, 4], seed + i), random([n, 6], seed + 10 + i), { transA: 1 }));

  it('with any numbers of rows are one product', () => {
    const [after] = gemms(merged(sum(terms())));
    expect(after!.inputs.map((value) => value!.shape)).toEqual([
      [11, 4],
      [11, 6],
    ]);
    expect(gemms(merged(sum(terms()))).length).toBe(1);
  });

  it('in any tree, through reshapes, 32 of them', () => {
    const [a, b, c, d] = terms() as [Value, Value, Value, Value];
    expect(gemms(merged(add(add(a, b), add(c, d)))).length).toBe(1);
    expect(gemms(merged(add(a, add(b, add(c, d))))).length).toBe(1);
    const seen = terms(50).map((term) => reshape(term, [2, 2, 6]));
    expect(gemms(merged(sum(seen))).length).toBe(1);
    const many = range(32).map((i) => gemm(random([2, 3], i), random([2, 5], 40 + i), { transA: 1 }));
    expect(gemms(merged(sum(many))).length).toBe(1);
  });

  it('of the same gradients put them together once, in whatever order they are summed', () => {
    const gradients = rows.map((n, i) => random([n + 1, 6], 30 + i));
    const weights = gradients.map((g, i) => gemm(random([g.shape[0]!, 4], i), g, { transA: 1 }));
    const states = gradients.map((g, i) => gemm(random([g.shape[0]!, 3], 60 + i), g, { transA: 1 })).reverse();
    const biases = gradients.map((g) => reduce('ReduceSum', g, [0], false)).reverse();
    const after = commonSubexpressions(merged(sum(weights), sum(states), sum(biases)));
    expect(operators(after)).toMatchObject({ Gemm: 2, ReduceSum: 1, Concat: 3 });
  });

  it('sums over rows are one sum, integers as well', () => {
    for (const keep of [true, false]) {
      const columns = rows.map((n, i) => reduce('ReduceSum', random([n + 1, 4], i), [0], keep));
      expect(operators(merged(sum(columns)))['ReduceSum']).toBe(1);
    }
    const integers = [2, 3].map((n) => reduce('ReduceSum', given([n, 3], range(3 * n), 'int32'), [0], false));
    expect(operators(merged(sum(integers)))['ReduceSum']).toBe(1);
  });

  it('a term or a partial sum that is read elsewhere is not part of it', () => {
    const [a, b, c] = terms() as [Value, Value, Value];
    const partial = add(a, b);
    const whole = add(partial, c);
    // The partial sum is an output: it and the whole stay two results.
    expect(gemms(merged(partial, whole)).length).toBe(2);
    expect(operators(merged(partial, whole))['Add']).toBe(1);
    expect(gemms(merged(a, add(a, b))).length).toBe(2);
    expect(gemms(merged(add(a, b), unary('Exp', b))).length).toBe(2);
    const seen = reshape(a, [24]);
    expect(gemms(merged(add(seen, reshape(b, [24])), unary('Exp', seen))).length).toBe(2);
    expect(gemms(merged(add(a, a))).length).toBe(1);
    expect(operators(merged(add(a, a)))['Add']).toBe(1);
  });

  it('stay where something else is added, shapes differ or a bias is in them', () => {
    const [a, b] = terms() as [Value, Value];
    const stays = (...outputs: Value[]) => {
      const after = operators(merged(...outputs));
      expect(after).toMatchObject(operators({ outputs }));
    };
    stays(add(a, random([4, 6], 90)));
    stays(add(a, unary('Tanh', b)));
    stays(add(reshape(a, [6, 4]), reshape(gemm(random([2, 6], 1), random([2, 4], 2), { transA: 1 }), [6, 4])));
    stays(add(gemm(random([4, 3], 1), random([3, 6], 2)), gemm(random([4, 5], 3), random([5, 6], 4))));
    const bias = random([6], 91);
    const biased = (i: number) =>
      apply('Gemm', [random([2, 4], i), random([2, 6], i + 1), bias], [4, 6], 'float32', { transA: 1, transB: 0 });
    stays(add(biased(1), biased(5)));
    // Broadcast: the second is added to each row.
    stays(add(a, gemm(random([2, 1], 7), random([2, 6], 8), { transA: 1 })));
    stays(add(reduce('ReduceSum', random([3, 4], 1), [0], false), reduce('ReduceSum', random([4, 3], 2), [1], false)));
    stays(add(reduce('ReduceMax', random([3, 4], 1), [0], false), reduce('ReduceMax', random([5, 4], 2), [0], false)));
  });

  it('of many rows stay: they would be copied', () => {
    const terms = range(3).map((i) => gemm(random([129, 2], i), random([129, 3], 5 + i), { transA: 1 }));
    expect(gemms(merged(sum(terms))).length).toBe(3);
  });
});

describe('products with one weight', () => {
  const weight = random([4, 6], 99);
  const other = random([4, 6], 98);

  it.each([0, 1] as const)('side by side are one, also seen in other shapes; transB %d', (transB) => {
    const w = transB ? random([6, 4], 97) : weight;
    const parts = [2, 2, 2].map((n, i) => gemm(random([n, 4], i), w, { transB }));
    expect(gemms(merged(concat(parts, 0))).length).toBe(1);
    const uneven = [1, 3, 2].map((n, i) => gemm(random([n, 4], i), w, { transB }));
    expect(gemms(merged(concat(uneven, 0))).length).toBe(1);
    const seen = parts.map((part) => reshape(part, [1, 2, 6]));
    expect(gemms(merged(concat(seen, 0))).length).toBe(1);
    const folded = parts.map((part) => reshape(part, [2, 3, 2]));
    expect(gemms(merged(concat(folded, 0))).length).toBe(1);
  });

  it('other weights, two of them, other axes and shared ones stay', () => {
    const part = (i: number, w = weight) => gemm(random([2, 4], i), w);
    expect(gemms(merged(concat([part(1), part(2), part(3, other)], 0))).length).toBe(3);
    expect(gemms(merged(concat([part(1), part(2)], 0))).length).toBe(2);
    expect(gemms(merged(concat([part(1), part(2), part(3)], 1))).length).toBe(3);
    const shared = part(1);
    expect(gemms(merged(concat([shared, part(2), part(3)], 0), shared)).length).toBe(3);
    const seen = reshape(shared, [1, 2, 6]);
    const more = [part(2), part(3)].map((value) => reshape(value, [1, 2, 6]));
    expect(gemms(merged(concat([seen, ...more], 0), unary('Exp', shared))).length).toBe(3);
    const across = gemm(random([4, 2], 1), weight, { transA: 1 });
    expect(gemms(merged(concat([across, part(2), part(3)], 0))).length).toBe(3);
  });

  it('of the parts of a split are one, before the split', () => {
    const x = random([5, 2, 4], 1);
    const parts = split(x, [1, 1, 1, 1, 1], 0).map((part) => reshape(part, [2, 4]));
    for (const transB of [0, 1] as const) {
      const w = transB ? random([6, 4], 97) : weight;
      const products = parts.map((part, i) =>
        i % 2 ? unary('Exp', gemm(part, w, { transB })) : gemm(part, w, { transB }),
      );
      expect(gemms(merged(...products, x)).length).toBe(1);
    }
    // Each of the products is an output as well as read.
    const products = parts.map((part) => gemm(part, weight));
    expect(gemms(merged(...products, sum(products))).length).toBe(1);
    // The parts are seen as other matrices.
    const flat = split(random([3, 8], 2), [1, 1, 1], 0).map((part) => gemm(reshape(part, [2, 4]), weight));
    expect(gemms(merged(...flat)).length).toBe(1);
  });

  it('of few parts of a split stay: the product of everything would be more work', () => {
    const parts = split(random([6, 4], 1), [2, 2, 2], 0);
    // Query, key and value of an attention: each with a weight of its own.
    const heads = parts.map((part, i) => gemm(part, random([4, 5], 10 + i)));
    const after = merged(...heads);
    expect(gemms(after).map(({ inputs }) => inputs[0]!.shape)).toEqual([
      [2, 4],
      [2, 4],
      [2, 4],
    ]);
    // The last state of a sequence.
    const [last] = gemms(merged(gemm(split(random([32, 4], 1), new Array(32).fill(1), 0)[31]!, weight)));
    expect(last!.inputs[0]!.shape).toEqual([1, 4]);
  });

  it('uneven parts, and parts along another axis, stay', () => {
    const uneven = split(random([6, 4], 1), [1, 2, 3], 0).map((part) => gemm(part, weight));
    expect(gemms(merged(...uneven)).length).toBe(3);
    const along = split(random([2, 12], 1), [4, 4, 4], 1).map((part) => gemm(part, weight));
    expect(gemms(merged(...along)).length).toBe(3);
  });
});

describe('what tfjs records', () => {
  beforeAll(startBackend);
  afterAll(() => tf.removeBackend('onnx'));

  it('32 steps of a recurrent layer have one product each with the input, for its gradient and for both weights', () => {
    const STEPS = 32;
    const layer = tfl.layers.lstm({ units: 8, recurrentInitializer: 'glorotUniform', inputShape: [STEPS, 5] });
    const model = tfl.sequential({ layers: [layer] });
    const optimizer = tf.train.sgd(0.1);
    const graph = recorded(
      (x) => optimizer.minimize(() => tf.sum(tf.square(model.apply(x) as tf.Tensor)) as tf.Scalar, true)!,
      [[4, STEPS, 5]],
    );
    // As recorded: forward 2 per step, backward of the state 1 per step but the first, gradients of weights 2 per step.
    const before = gemms(optimise(graph, { exact: true })).length;
    const after = gemms(optimise(graph, { exact: false })).length;
    expect(before).toBeGreaterThanOrEqual(5 * STEPS - 1);
    // What is left in each step is the state's own product, forward and backward.
    expect(after).toBeLessThanOrEqual(2 * STEPS + 3);
    model.dispose();
  });
});
