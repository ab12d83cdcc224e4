import { describe, expect, it } from 'vitest';
import { topological } from '../../src/ir/graph.js';
import { transpose } from '../../src/ir/ops.js';
import { mergeAxes } from '../../src/passes/merge-axes.js';
import { reverseAxes } from '../../src/passes/reverse-axes.js';
import { evaluate, random } from '../evaluate.js';

const perms = (graph: { outputs: Parameters<typeof topological>[0] }): string[] =>
  topological(graph.outputs).flatMap(({ op, attrs }) => (op === 'Transpose' ? [String(attrs['perm'])] : []));

describe('axes in reverse', () => {
  it.each([
    [[5, 7, 3], [2, 1, 0], 2],
    [[3, 7, 5], [2, 1, 0], 2],
    [[1, 4, 6], [2, 1, 0], 1],
    [[2, 3, 4, 5], [3, 1, 2, 0], 2],
    [[2, 3, 4, 5], [2, 3, 1, 0], 2],
    [[2, 3, 4, 5], [1, 0, 3, 2], 1],
    [[6, 5], [1, 0], 1],
  ] as const)('[%s] by [%s]: %i steps, the same numbers', (shape, perm, steps) => {
    const graph = { outputs: [transpose(random(shape, 3), perm)] };
    const split = reverseAxes(mergeAxes(graph));
    expect(perms(split)).toHaveLength(steps);
    expect(perms(split)).not.toContain('2,1,0');
    expect(split.outputs[0]!.shape).toEqual(graph.outputs[0]!.shape);
    expect(evaluate(split)).toEqual(evaluate(graph));
  });
});
