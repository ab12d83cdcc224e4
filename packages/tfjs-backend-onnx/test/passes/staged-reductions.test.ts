import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/ir/graph.js';
import { apply, mul, reduce } from '../../src/ir/ops.js';
import { reducedShape } from '../../src/ir/shapes.js';
import { stagedReductions } from '../../src/passes/staged-reductions.js';
import { given, operators, random } from '../evaluate.js';
import { wave } from '../kernels/against-cpu.js';
import { unchanged } from './passes.js';

const OPERATORS = ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd'];

/** Written as it is, without the simplifications of the builder. */
const raw = (op: string, x: Value, axes: readonly number[], keep: boolean): Value =>
  apply(op, [x], reducedShape(x.shape, axes, keep), x.type, { axes, keepdims: keep ? 1 : 0 });

/** Close to one, so that products stay in range. */
const nearOne = (shape: readonly number[]): Value =>
  given(
    shape,
    wave(shape, { scale: 0.05 }).values.map((v) => v + 1),
  );

const stages = (value: Value): number => {
  const after = unchanged(stagedReductions, { outputs: [value] }, 2e-5);
  return operators(after)[value.node.op] ?? 0;
};

describe('reductions in two stages', () => {
  it.each([
    [[64, 3], [0]],
    [[65, 3], [0]],
    [[143, 2], [0]],
    [[1000, 1, 3], [0]],
    [[1, 96, 3], [1]],
    [
      [16, 9, 5],
      [0, 1],
    ],
    [
      [4, 1, 32, 5],
      [0, 2],
    ],
    [
      [4, 1, 32, 5],
      [0, 1, 2],
    ],
    [[80, 4, 3], [0]],
    [
      [2, 7, 6, 5],
      [0, 1, 2],
    ],
    [
      [64, 1, 2, 1, 3],
      [0, 1, 2],
    ],
  ] as const)('[%s] over [%s]', (shape, axes) => {
    for (const op of OPERATORS)
      for (const keep of [true, false]) expect(stages(raw(op, nearOne(shape), axes, keep))).toBe(2);
  });

  it.each([
    ['few rows', [63, 3], [0]],
    ['a prime number of rows', [67, 3], [0]],
    ['twice a prime', [67, 2, 3], [0, 1]],
    ['the last axis', [3, 128], [1]],
    ['a middle axis', [3, 128, 5], [1]],
    ['the first and the last', [64, 3, 4], [0, 2]],
    ['everything', [128], [0]],
    ['everything, with axes of length one', [1, 128, 1], [1]],
    ['axes of length one', [1, 128, 3], [0]],
    ['no rows', [0, 3], [0]],
  ] as const)('%s: one stage', (_name, shape, axes) => {
    for (const op of OPERATORS)
      for (const keep of [true, false]) expect(stages(raw(op, nearOne(shape), axes, keep))).toBe(1);
  });

  it('integers as they are', () => {
    const x = given([128, 2], [...Array(256).keys()], 'int32');
    const graph = { outputs: [reduce('ReduceSum', x, [0], false)] };
    expect(stagedReductions(graph)).toBe(graph);
  });

  it('what is no sum of sums stays: norms', () => {
    const norm = raw('ReduceL2', random([128, 3], 1), [0], false);
    const graph = { outputs: [norm, raw('ReduceSumSquare', random([128, 3], 1), [0], false)] };
    expect(stagedReductions(graph)).toBe(graph);
  });

  it('NaN and infinity come through', () => {
    const x = random([128, 3], 1);
    const special = mul(x, given([3], [Number.NaN, Infinity, 1]));
    unchanged(
      stagedReductions,
      { outputs: [reduce('ReduceSum', special, [0], true), reduce('ReduceMean', special, [0], false)] },
      1e-5,
    );
  });
});
