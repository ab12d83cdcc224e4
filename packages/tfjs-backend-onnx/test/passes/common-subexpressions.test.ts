import { describe, expect, it } from 'vitest';
import { add, constant, mul, reduce, slice, unary } from '../../src/ir/ops.js';
import { commonSubexpressions } from '../../src/passes/common-subexpressions.js';
import { given, operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';

describe('common subexpressions', () => {
  it('equal operations on equal inputs are done once, through chains', () => {
    const x = random([3, 4], 1);
    const branch = () => reduce('ReduceSum', unary('Exp', mul(x, constant([2], [], 'float32'))), [1], false);
    const after = unchanged(commonSubexpressions, { outputs: [add(branch(), branch()), branch()] });
    expect(operators(after)).toMatchObject({ Exp: 1, Mul: 1, ReduceSum: 1, Add: 1, Constant: 1 });
  });

  it('other inputs, attributes, orders of operands, numbers of constants and outputs of a node stay apart', () => {
    const [x, y] = [random([3, 4], 1), random([3, 4], 2)];
    const differing = [
      unary('Exp', x),
      unary('Exp', y),
      slice(x, [0], [2], [0]),
      slice(x, [1], [3], [0]),
      add(x, constant([0], [], 'float32')),
      add(x, constant([-0], [], 'float32')),
    ];
    const after = unchanged(commonSubexpressions, { outputs: differing });
    expect(operators(after)).toMatchObject({ Exp: 2, Slice: 2, Add: 2, Constant: 2 });
  });

  it('inputs are one when their source is, whatever their numbers', () => {
    const x = given([2], [1, 2]);
    const y = given([2], [1, 2]);
    const after = unchanged(commonSubexpressions, { outputs: [unary('Exp', x), unary('Exp', y), unary('Exp', x)] });
    expect(operators(after)).toMatchObject({ Input: 2, Exp: 2 });
  });
});
