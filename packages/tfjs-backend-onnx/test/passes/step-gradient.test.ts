import { describe, expect, it } from 'vitest';
import { compare, composite, mul, scalar, where } from '../../src/ir/ops.js';
import { stepGradient } from '../../src/passes/step-gradient.js';
import { operators, random } from '../evaluate.js';
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
});
