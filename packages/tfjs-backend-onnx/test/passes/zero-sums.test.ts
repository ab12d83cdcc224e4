import { describe, expect, it } from 'vitest';
import type { Graph, Value } from '../../src/ir/graph.js';
import { reduce, sub } from '../../src/ir/ops.js';
import { zeroSums } from '../../src/passes/zero-sums.js';
import { evaluate, operators, random } from '../evaluate.js';

const x = (): Value => random([3, 4, 5], 1);
const sums = (graph: Graph): number => operators(zeroSums(graph))['ReduceSum'] ?? 0;
const deviation = (value: Value, axes: number[]): Value => sub(value, reduce('ReduceMean', value, axes, true));

describe('sums of deviations', () => {
  it('are zero over the axes of the mean, and over more', () => {
    for (const [mean, over] of [
      [[2], [2]],
      [
        [0, 1],
        [0, 1],
      ],
      [[1], [0, 1, 2]],
    ] as const) {
      for (const keep of [true, false]) {
        const graph = { outputs: [reduce('ReduceSum', deviation(x(), [...mean]), over, keep)] };
        expect(sums(graph)).toBe(0);
        const [expected] = evaluate(graph);
        const [actual] = evaluate(zeroSums(graph));
        expect(actual!.length).toBe(expected!.length);
        expect(Float64Array.from(actual as Float32Array)).toBeAllclose(Float64Array.from(expected as Float32Array), {
          rtol: 0,
          atol: 2e-5,
        });
      }
    }
  });

  it('are not, over other axes, of another mean, or of other reductions', () => {
    const value = x();
    expect(sums({ outputs: [reduce('ReduceSum', deviation(value, [2]), [1], false)] })).toBe(1);
    expect(sums({ outputs: [reduce('ReduceSum', deviation(value, [1, 2]), [2], false)] })).toBe(1);
    const other = sub(value, reduce('ReduceMean', random([3, 4, 5], 2), [2], true));
    expect(sums({ outputs: [reduce('ReduceSum', other, [2], false)] })).toBe(1);
    expect(
      sums({ outputs: [reduce('ReduceSum', sub(reduce('ReduceMean', value, [2], true), value), [2], false)] }),
    ).toBe(1);
    const squares = { outputs: [reduce('ReduceSumSquare', deviation(value, [2]), [2], false)] };
    expect(zeroSums(squares)).toBe(squares);
  });
});
