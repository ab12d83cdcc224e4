import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Value } from '../../src/ir/graph.js';
import { add, div, expand, mul, reduce, scalar, sub, unary } from '../../src/ir/ops.js';
import { factor } from '../../src/passes/factor.js';
import { afterLowering, optimise } from '../../src/passes/optimise.js';
import { evaluate, given, operators } from '../evaluate.js';
import { wave } from '../kernels/against-cpu.js';
import { generator } from '../random-networks.js';
import { unchanged } from './passes.js';
import { large, recorded, startBackend, total } from './recorded.js';

/** Numbers between 0.5 and 1.5, which can be divided by. */
const positive = (shape: readonly number[], seed: number): Value =>
  given(
    shape,
    wave(shape, { seed, scale: 0.5 }).values.map((v) => v + 1),
  );

function broadcasts(a: readonly number[], b: readonly number[]): boolean {
  return a.every((dim, i) => {
    const other = b[b.length - a.length + i] ?? 1;
    return dim === 1 || other === 1 || dim === other;
  });
}

/** A factor, and shapes of a result that it is small for: unit axes in all places. */
const smallFor: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], [5, 3]],
  [[1], [7]],
  [[3], [5, 3]],
  [
    [5, 1],
    [5, 7],
  ],
  [
    [1, 1, 3],
    [5, 4, 3],
  ],
  [
    [5, 1, 1],
    [5, 4, 3],
  ],
  [
    [1, 4, 1],
    [5, 4, 3],
  ],
  [
    [4, 1],
    [5, 4, 7],
  ],
  [
    [1, 1, 1, 3],
    [1, 5, 4, 3],
  ],
  [
    [1, 2, 1, 3],
    [5, 2, 4, 3],
  ],
];

describe('small factors meet', () => {
  it.each(smallFor)('of shape [%s] in results of shape [%s]', (small, shape) => {
    const [x, y] = [positive(shape, 1), positive(shape, 2)];
    const [p, q] = [positive(small, 3), positive(small, 4)];
    for (const [value, muls] of [
      [mul(mul(x, p), q), 2],
      [mul(q, mul(p, x)), 2],
      [div(mul(x, p), q), 1],
      [mul(div(x, q), p), undefined],
      [div(mul(x, p), y), undefined],
      [mul(mul(x, p), mul(q, y)), 3],
    ] as const) {
      const after = unchanged(factor, { outputs: [value] });
      if (muls !== undefined) expect(operators(after)['Mul']).toBe(muls);
    }
    const twice = unchanged(factor, { outputs: [mul(mul(mul(mul(x, p), q), p), q)] });
    expect(
      large(
        twice,
        x.shape.reduce((a, b) => a * b, 1),
      ),
    ).toEqual({ Mul: 1 });
  });

  it.each([true, false])('sums over axes along which a factor stays the same do without it, keepdims %s', (keep) => {
    const x = positive([5, 4, 6], 1);
    for (const op of ['ReduceSum', 'ReduceMean']) {
      for (const [small, axes] of [
        [[], [0, 1, 2]],
        [[6], [0, 1]],
        [[6], [1]],
        [[1, 1, 6], [0]],
        [
          [4, 1],
          [0, 2],
        ],
        [
          [5, 1, 1],
          [1, 2],
        ],
        [[1], [1]],
      ] as const) {
        const value = reduce(op, mul(x, positive(small, 2)), axes, keep);
        const after = unchanged(factor, { outputs: [value] }, 1e-5);
        expect(large(after, 120)).toEqual({});
      }
    }
  });

  it('a factor that changes along a summed axis stays in the sum', () => {
    const x = positive([5, 4, 6], 1);
    for (const [small, axes] of [
      [[6], [2]],
      [[6], [1, 2]],
      [[4, 1], [1]],
      [[5, 1, 1], [0]],
      [
        [1, 4, 1],
        [0, 1, 2],
      ],
    ] as const) {
      const after = unchanged(
        factor,
        { outputs: [reduce('ReduceSum', mul(x, positive(small, 2)), axes, false)] },
        1e-5,
      );
      expect(large(after, 120)).toEqual({ Mul: 1 });
    }
  });

  it('maxima and products keep their factors', () => {
    const [x, p] = [positive([5, 6], 1), sub(positive([6], 2), scalar(1))];
    for (const op of ['ReduceMax', 'ReduceMin', 'ReduceProd']) {
      const after = unchanged(factor, { outputs: [reduce(op, mul(x, p), [0], false)] });
      expect(large(after, 30)).toEqual({ Mul: 1 });
    }
  });

  it('two factors that together are as large as the result do not meet', () => {
    const x = positive([8, 9], 1);
    const [row, column] = [positive([1, 9], 2), positive([8, 1], 3)];
    const after = unchanged(factor, { outputs: [mul(mul(x, row), column), div(mul(x, row), column)] });
    expect(operators(after)).toMatchObject({ Mul: 3, Div: 1 });
  });

  it('a product that others read, or that is an output, is still there, and no pass over memory is added', () => {
    const [x, y] = [positive([8, 9], 1), positive([8, 9], 2)];
    const p = positive([9], 3);
    const product = mul(x, p);
    const outputs = [product, mul(product, y), div(product, y), unary('Exp', product)];
    const after = unchanged(factor, { outputs });
    expect(large(after, 72)).toEqual({ Mul: 2, Div: 1, Exp: 1 });
  });

  it('integers, results of one element and results of none', () => {
    const n = given([5, 4], [...Array(20).keys()], 'int32');
    const three = given([], [3], 'int32');
    const [one, tiny, none] = [positive([1, 1], 1), positive([], 2), given([0, 4], [])];
    const outputs = [
      mul(mul(n, three), three),
      div(mul(n, three), given([4], [2, 3, 4, 5], 'int32')),
      reduce('ReduceSum', mul(n, three), [0], false),
      mul(mul(one, tiny), tiny),
      div(mul(tiny, tiny), tiny),
      reduce('ReduceSum', mul(one, tiny), [0, 1], false),
      reduce('ReduceSum', mul(mul(none, tiny), positive([4], 3)), [0], false),
    ];
    const after = unchanged(factor, { outputs });
    // Integer division rounds: its operands are left alone.
    expect(after.outputs.slice(0, 3)).toEqual(outputs.slice(0, 3));
  });

  it('a factor that is broadcast up by the other operand', () => {
    const [row, column] = [positive([1, 9], 1), positive([8, 1], 2)];
    const p = positive([], 3);
    const outputs = [
      mul(mul(row, p), column),
      mul(mul(row, p), positive([8, 9], 4)),
      div(mul(row, p), positive([8, 9], 5)),
      div(mul(row, p), column),
      reduce('ReduceSum', mul(mul(row, p), column), [0], false),
      mul(expand(mul(row, p), [8, 9]), p),
    ];
    unchanged(factor, { outputs }, 1e-5);
  });

  it('NaN, infinity and zero stay what they are, for finite factors', () => {
    const x = given([4, 3], [0, 1, -1, Number.NaN, Infinity, -Infinity, 2, -0, 3, 4, 5, 6]);
    for (const p of [0, 2, -2]) {
      const small = given([], [p]);
      const outputs = [
        mul(mul(x, small), scalar(3)),
        div(mul(x, scalar(3)), small),
        reduce('ReduceSum', mul(x, small), [0], false),
      ];
      unchanged(factor, { outputs });
    }
  });

  it('random expressions', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = generator(seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
      const dims = [pick([1, 2, 5]), pick([1, 4, 7]), pick([1, 3, 8])];
      const leaf = () => {
        const shape = dims.map((dim) => (random() < 0.5 ? 1 : dim)).slice(pick([0, 0, 1, 2, 3]));
        return positive(random() < 0.4 ? dims : shape, Math.floor(random() * 1000));
      };
      const outputs: Value[] = [];
      for (let e = 0; e < 8; e++) {
        const values = [leaf(), leaf(), leaf(), leaf(), leaf()];
        for (let i = 0; i < 9; i++) {
          const [a, b] = [pick(values), pick(values)];
          const x = pick(values.filter(({ shape }) => shape.length === 3).concat(positive(dims, 1)));
          const axes = [0, 1, 2].filter(() => random() < 0.5);
          const meet = broadcasts(a.shape, b.shape);
          values.push(
            pick([
              ...(meet ? [() => mul(a, b), () => mul(a, b), () => div(a, b), () => add(a, b)] : []),
              () => unary('Sqrt', a),
              // Means keep the numbers near one.
              () => reduce('ReduceMean', x, axes, random() < 0.5),
              () => mul(reduce('ReduceSum', x, axes, true), scalar(0.1)),
            ])(),
          );
        }
        outputs.push(values[values.length - 1]!, pick(values));
      }
      unchanged(factor, { outputs }, 3e-5);
    }
  });
});

describe('x / (sqrt(v / s) + e)', () => {
  const [g, old] = [positive([6, 5], 1), positive([6, 5], 2)];
  const average = add(mul(old, scalar(0.9)), mul(mul(g, g), scalar(0.1)));
  const quotient = (v: Value, s: Value, e = 1e-3) => div(g, add(unary('Sqrt', div(v, s)), scalar(e)));

  it('a running average of squares is divided after the root', () => {
    for (const s of [0.001, 0.5, 1]) {
      const correction = sub(scalar(1), given([], [1 - s]));
      const after = unchanged(factor, { outputs: [quotient(average, correction)] }, 1e-5);
      expect(large(after, 30)['Div']).toBe(1);
    }
  });

  it('a divisor of any sign keeps its place: both may be negative', () => {
    const v = unary('Neg', average);
    for (const s of [-0.5, -2]) {
      const after = unchanged(factor, { outputs: [quotient(v, given([], [s]))] });
      expect(evaluate(after)[0]!.every((value) => Number.isFinite(Number(value)))).toBe(true);
    }
  });

  it('other shapes of the divisor, a large epsilon and other forms stay', () => {
    const s = positive([5], 3);
    unchanged(factor, {
      outputs: [
        quotient(average, s),
        div(g, add(unary('Sqrt', div(average, positive([], 4))), positive([6, 5], 5))),
        div(g, unary('Sqrt', div(average, positive([], 6)))),
        div(positive([6, 5], 7), add(unary('Sqrt', div(positive([5], 8), positive([], 9))), scalar(0.1))),
      ],
    });
  });
});

describe('what tfjs records', () => {
  beforeAll(startBackend);
  afterAll(() => tf.removeBackend('onnx'));
  const passes = (exact: boolean) => (graph: Parameters<typeof optimise>[0]) => optimise(graph, { exact });

  it('an update of Adam takes twelve passes over a variable', () => {
    const shape = [64, 32];
    const w = tf.variable(tf.ones(shape));
    const optimizer = tf.train.adam(0.01);
    const graph = recorded((x) => optimizer.minimize(() => tf.sum(tf.mul(w, x)) as tf.Scalar, true)!, [shape]);
    // The product of the loss as well, and in exact mode its gradient.
    expect(total(large(passes(false)(graph), 2048))).toBe(13);
    expect(total(large(passes(true)(graph), 2048))).toBe(16);
    optimizer.dispose();
    w.dispose();
  });

  it('batch normalisation and its gradient multiply large tensors six times, twelve as written', () => {
    const model = tfl.sequential({ layers: [tfl.layers.batchNormalization({ inputShape: [9, 7, 6] })] });
    const loss = (x: tf.Tensor, dy: tf.Tensor) => tf.sum(tf.mul(model.apply(x, { training: true }) as tf.Tensor, dy));
    const shape = [4, 9, 7, 6];
    const graph = recorded((x, dy) => tf.grad((v) => loss(v, dy!))(x!), [shape, shape]);
    const gradientOnly = large(passes(false)(graph), 4 * 9 * 7 * 6);
    expect(gradientOnly['Mul']).toBeLessThanOrEqual(5);
    const both = recorded((x, dy) => tf.valueAndGrad((v) => loss(v, dy!))(x!), [shape, shape]);
    expect(large(passes(false)(both), 4 * 9 * 7 * 6)['Mul']).toBe(6);
    expect(large(passes(true)(both), 4 * 9 * 7 * 6)['Mul']).toBe(12);
    model.dispose();
  });

  it('exact leaves the order of multiplications', () => {
    const x = positive([8, 9], 1);
    const graph = { outputs: [mul(mul(x, positive([9], 2)), positive([9], 3))] };
    expect(large(afterLowering(graph, { exact: true }), 72)).toEqual({ Mul: 2 });
    expect(large(afterLowering(graph, { exact: false }), 72)).toEqual({ Mul: 1 });
  });
});
