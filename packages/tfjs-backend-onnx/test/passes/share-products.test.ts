import { describe, expect, it } from 'vitest';
import { type Graph, sizeOf, topological, type Value } from '../../src/ir/graph.js';
import { add, mul, scalar, sub, unary } from '../../src/ir/ops.js';
import { shareProducts } from '../../src/passes/share-products.js';
import { random } from '../evaluate.js';
import { unchanged } from './passes.js';

const large = (graph: Graph): number =>
  topological(graph.outputs).filter(({ op, outputs }) => op === 'Mul' && sizeOf(outputs[0]!.shape) >= 192).length;
/** Large products before and after. */
const products = (...outputs: Value[]): [number, number] => [
  large({ outputs }),
  large(unchanged(shareProducts, { outputs }, 3e-6)),
];
const tensor = (seed: number): Value => random([4, 6, 8], seed);
const read = (value: Value): Value => unary('Tanh', value);

describe('shared products', () => {
  it('the gradient of a gate reads the gated value', () => {
    const [x, t, dy] = [tensor(1), tensor(2), tensor(3)];
    const s = unary('Sigmoid', x);
    const gradient = mul(mul(dy, t), mul(s, sub(scalar(1), s)));
    expect(products(read(mul(s, t)), gradient)).toEqual([4, 3]);
    expect(products(gradient, read(mul(s, t)))).toEqual([4, 3]);
  });

  it('pairs that many products have, found in any order', () => {
    const [a, b, c, d, e] = [1, 2, 3, 4, 5].map(tensor) as [Value, Value, Value, Value, Value];
    expect(products(mul(mul(a, c), b), mul(mul(b, d), a), mul(b, mul(e, a)))).toEqual([6, 4]);
    expect(products(mul(mul(a, a), b), mul(mul(a, c), a))).toEqual([4, 3]);
    // Two pairs: a b and c d, then all four.
    expect(products(mul(mul(a, b), mul(c, d)), mul(mul(d, mul(a, e)), mul(b, c)), mul(mul(c, e), d))).toEqual([9, 5]);
  });

  it('layer normalisation and its gradients', () => {
    const [d, dy] = [tensor(1), tensor(2)];
    const inverse = random([4, 6, 1], 3);
    const gamma = random([8], 4);
    const normalised = read(mul(mul(inverse, gamma), d));
    const gradients = [
      mul(mul(dy, inverse), gamma),
      read(mul(d, mul(dy, gamma))),
      read(mul(mul(d, inverse), dy)),
      read(mul(inverse, mul(gamma, dy))),
    ];
    const [before, after] = products(normalised, ...gradients);
    expect([before, after]).toEqual([10, 6]);
  });

  it('small factors meet before they meet something large', () => {
    const [x, rows, other] = [tensor(1), random([4, 6, 1], 2), random([1, 6, 1], 3)];
    expect(products(mul(mul(x, rows), other))).toEqual([2, 1]);
  });

  it('nothing to share: the very same graph', () => {
    const [a, b, c] = [tensor(1), tensor(2), tensor(3)];
    for (const outputs of [
      [mul(mul(a, b), c)],
      [mul(a, b), mul(a, c)],
      [mul(mul(a, b), read(c)), mul(mul(a, read(b)), c)],
      [add(a, b)],
      [mul(mul(a, scalar(0.5)), b), mul(read(a), scalar(0.5))],
    ]) {
      const graph: Graph = { outputs };
      expect(shareProducts(graph)).toBe(graph);
    }
  });

  it('long products are taken in parts, and what others read stays', () => {
    const factors = Array.from({ length: 20 }, (_, i) => tensor(i));
    const long = factors.reduce(mul);
    const [before, after] = products(long, read(mul(mul(factors[0]!, factors[2]!), factors[1]!)));
    expect(after).toBeLessThanOrEqual(before);
    const inner = mul(factors[0]!, factors[1]!);
    expect(products(inner, mul(inner, factors[2]!), read(mul(mul(factors[2]!, factors[1]!), factors[0]!)))).toEqual([
      4, 3,
    ]);
  });
});
