import { describe, expect, it } from 'vitest';
import { add, div, expand, full, mul, scalar, sub, unary } from '../../src/ir/ops.js';
import { broadcast } from '../../src/passes/broadcast.js';
import { operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';

describe('broadcast', () => {
  it('elementwise operators read expanded operands small', () => {
    for (const [small, large] of [
      [
        [1, 5],
        [3, 5],
      ],
      [
        [3, 1],
        [3, 5],
      ],
      [
        [1, 1, 4],
        [2, 3, 4],
      ],
      [
        [2, 1, 1],
        [2, 3, 4],
      ],
    ] as const) {
      const [x, y] = [random(small, 1), random(large, 2)];
      const graph = { outputs: [mul(add(y, expand(x, large)), sub(expand(x, large), y))] };
      expect(operators(unchanged(broadcast, graph))).not.toHaveProperty('Expand');
    }
  });

  it('operations on expanded operands only are done small', () => {
    const x = expand(random([1, 4], 1), [6, 4]);
    const after = unchanged(broadcast, { outputs: [unary('Exp', mul(x, x))] });
    expect(after.outputs[0]!.node.op).toBe('Expand');
    expect(after.outputs[0]!.node.inputs[0]!.shape).toEqual([1, 4]);
  });

  it('multiplying and dividing by one, adding and subtracting zero disappear', () => {
    const x = random([2, 3], 1);
    const [one, zero] = [full([2, 3], 1, 'float32'), full([2, 3], 0, 'float32')];
    const outputs = [mul(x, one), mul(one, x), div(x, one), add(x, zero), add(zero, x), sub(x, zero)];
    for (const value of unchanged(broadcast, { outputs }).outputs) expect(value).toBe(x);
  });

  it('what is not neutral stays: 1 / x, 0 - x, x * 0, x + 1, and a neutral number that gives the shape', () => {
    const x = random([2, 3], 1);
    const row = random([3], 2);
    const [one, zero] = [scalar(1), scalar(0)];
    unchanged(broadcast, {
      outputs: [div(one, x), sub(zero, x), mul(x, zero), add(x, one), mul(row, full([2, 3], 1, 'float32'))],
    });
  });
});
