import { describe, expect, it } from 'vitest';
import { topological, type Value } from '../../src/ir/graph.js';
import { apply, unary } from '../../src/ir/ops.js';
import { permuted } from '../../src/ir/shapes.js';
import { mergeAxes } from '../../src/passes/merge-axes.js';
import { given, random } from '../evaluate.js';
import { unchanged } from './passes.js';

function permutations(list: readonly number[]): number[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((first) => permutations(list.filter((other) => other !== first)).map((rest) => [first, ...rest]));
}

/** Written as it is, without the simplifications of the builder. */
const raw = (x: Value, perm: readonly number[]): Value =>
  apply('Transpose', [x], permuted(x.shape, perm), x.type, { perm });

const every = (shape: readonly number[]): number[][] => permutations(shape.map((_, axis) => axis));

describe('transposes with few axes', () => {
  it.each([
    [[2, 3, 4]],
    [[2, 3, 4, 5]],
    [[1, 3, 1, 2]],
    [[2, 1, 3, 1, 2]],
    [[1, 1, 4, 1, 3]],
    [[3, 2, 1, 1, 2]],
    [[1, 1, 1]],
    [[1]],
    [[5]],
  ])('every permutation of [%s]', (shape) => {
    const x = random(shape, 1);
    const after = unchanged(mergeAxes, { outputs: every(shape).map((perm) => raw(x, perm)) });
    for (const { op, inputs, attrs } of topological(after.outputs)) {
      if (op !== 'Transpose') continue;
      const perm = attrs['perm'] as readonly number[];
      // No axis of length one, no neighbours that stay neighbours, and something moves.
      expect(inputs[0]!.shape).not.toContain(1);
      expect(perm.some((axis, i) => i > 0 && axis === perm[i - 1]! + 1)).toBe(false);
      expect(perm.length).toBeGreaterThan(1);
    }
  });

  it('other types, and results that others read', () => {
    const n = given([2, 1, 3, 2], [...Array(12).keys()], 'int32');
    const y = raw(n, [2, 3, 1, 0]);
    unchanged(mergeAxes, { outputs: [y, unary('Neg', y), raw(y, [1, 0, 2, 3])] });
  });

  it('a transpose that has as few axes as possible stays the same object', () => {
    const graph = { outputs: [raw(random([2, 3], 1), [1, 0]), raw(random([2, 3, 4], 1), [2, 1, 0])] };
    expect(mergeAxes(graph)).toBe(graph);
  });
});
