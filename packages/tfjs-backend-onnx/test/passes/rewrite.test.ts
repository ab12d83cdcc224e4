import { describe, expect, it } from 'vitest';
import { add, mul, split, unary } from '../../src/ir/ops.js';
import { countUses, rewrite } from '../../src/passes/rewrite.js';
import { operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';

describe('rewrite', () => {
  it('a graph that nothing changes in stays the same object', () => {
    const graph = { outputs: [unary('Exp', random([3], 1))] };
    expect(rewrite(graph, () => undefined)).toBe(graph);
  });

  it('followers of what was replaced are built anew, and what nothing reads is gone (dead code)', () => {
    const x = random([4], 1);
    const dead = unary('Exp', unary('Tanh', x));
    const graph = { outputs: [add(mul(x, x), unary('Neg', unary('Neg', dead)))] };
    // Two negations are none.
    const after = unchanged(
      (whole) =>
        rewrite(whole, (node, inputs) =>
          node.op === 'Neg' && inputs[0]!.node.op === 'Neg' ? [inputs[0]!.node.inputs[0]!] : undefined,
        ),
      graph,
    );
    expect(operators(after)).toEqual({ Input: 1, Mul: 1, Tanh: 1, Exp: 1, Add: 1 });
    const without = rewrite(graph, (node) => (node.op === 'Add' ? [node.inputs[0]!] : undefined));
    expect(operators(without)).toEqual({ Input: 1, Mul: 1 });
  });

  it('counts readers of each output, graph outputs included', () => {
    const [a, b] = split(random([4], 1), [1, 3], 0) as [ReturnType<typeof random>, ReturnType<typeof random>];
    const sum = add(a, a);
    const uses = countUses({ outputs: [sum, sum, b] });
    expect([uses.get(a), uses.get(b), uses.get(sum)]).toEqual([2, 1, 2]);
  });
});
