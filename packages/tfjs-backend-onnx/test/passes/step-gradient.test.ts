import { describe, expect, it } from 'vitest';
import { type Graph, type Node, topological } from '../../src/ir/graph.js';
import { compare, composite, mul, scalar, unary, where } from '../../src/ir/ops.js';
import { commonSubexpressions } from '../../src/passes/common-subexpressions.js';
import { stepGradient } from '../../src/passes/step-gradient.js';
import { given, operators, random } from '../evaluate.js';
import { unchanged } from './passes.js';

const shape = [3, 4];
const [x, dy] = [random(shape, 1), random(shape, 2)];
const step = (alpha: number) => composite('Step', [x], shape, 'float32', { alpha });
const chosen = (alpha: number, zero = 0) => where(compare('Greater', x, scalar(zero)), dy, mul(dy, scalar(alpha)));

describe('gradient of relu and leaky relu', () => {
  it.each([0, 0.2, 1])('both forms that tfjs writes are one operation, slope %d', (alpha) => {
    for (const value of [mul(dy, step(alpha)), mul(step(alpha), dy), chosen(alpha)]) {
      const after = unchanged(stepGradient, { outputs: [value] });
      expect(operators(after)).toEqual({ Input: 2, StepGradient: 1 });
    }
  });

  it.each([
    ['slope above one', () => mul(dy, step(2))],
    ['slope below zero', () => chosen(-1)],
    ['another threshold', () => chosen(0.2, 0.5)],
    ['another gradient below', () => where(compare('Greater', x, scalar(0)), dy, mul(x, scalar(0.2)))],
    ['the step alone', () => step(0.2)],
  ])('%s stays as it is', (_name, make) => {
    expect(operators(unchanged(stepGradient, { outputs: [make()] }))).not.toHaveProperty('StepGradient');
  });

  describe('the mask comes from the result of the activation, where there is one', () => {
    const relu = unary('Relu', x);
    const leaky = (alpha: number) => unary('LeakyRelu', x, { alpha });
    const maskOf = (graph: Graph): Node =>
      topological(graph.outputs).find(({ op }) => op === 'StepGradient')!.inputs[1]!.node;

    it('relu, both forms', () => {
      for (const value of [mul(dy, step(0)), mul(step(0), dy), chosen(0)]) {
        const after = unchanged(stepGradient, { outputs: [relu, value] });
        expect(maskOf(after).op).toBe('Relu');
        expect(operators(commonSubexpressions(after))).toEqual({ Input: 2, Relu: 1, StepGradient: 1 });
      }
    });

    it('leaky relu of a positive slope; of others the argument', () => {
      const after = unchanged(stepGradient, { outputs: [leaky(0.2), chosen(0.2)] });
      expect(maskOf(after).op).toBe('LeakyRelu');
      for (const alpha of [0, -0.5]) {
        const kept = unchanged(stepGradient, { outputs: [leaky(alpha), chosen(0.2)] });
        expect(maskOf(kept).op).toBe('Input');
      }
    });

    it('activations that are not monotonic at zero, or of something else, do not count', () => {
      for (const other of [unary('Exp', x), unary('Elu', x), unary('Relu', dy), unary('Relu', mul(x, x))]) {
        const after = unchanged(stepGradient, { outputs: [other, chosen(0)] });
        expect(maskOf(after).op).toBe('Input');
      }
    });

    it('at zeros, infinities and NaN', () => {
      const special = given([8], [0, -0, 1e-30, -1e-30, Infinity, -Infinity, Number.NaN, 2]);
      const gradient = given([8], [1, 2, 3, 4, 5, 6, 7, 8]);
      const at = composite('Step', [special], [8], 'float32', { alpha: 0 });
      for (const outputs of [[mul(gradient, at)], [unary('Relu', special), mul(gradient, at)]])
        unchanged(stepGradient, { outputs });
    });
  });
});
