import { describe, expect, it } from 'vitest';
import { requireInteger, requirePositive, requireRate, requireSeed } from '../src/index.js';

describe('checks of numbers', () => {
  it.each([
    ['an integer', () => requireInteger('f: n', 1)],
    ['an integer of at least another', () => requireInteger('f: n', 0, 0)],
    ['an integer up to another', () => requireInteger('f: n', 3, 1, 3)],
    ['a rate', () => requireRate('f: r', 0)],
    ['a rate below one', () => requireRate('f: r', 0.999)],
    ['a positive number', () => requirePositive('f: x', 1e-300)],
    ['a seed', () => requireSeed('f', -1)],
  ])('pass %s', (_name, call) => {
    expect(call).not.toThrow();
  });

  it.each([
    ['f: n must be an integer of at least 1, got 0', () => requireInteger('f: n', 0)],
    ['f: n must be an integer of at least 2, got 1', () => requireInteger('f: n', 1, 2)],
    ['f: n must be an integer of at least 1, got 1.5', () => requireInteger('f: n', 1.5)],
    ['f: n must be an integer of at least 1, got NaN', () => requireInteger('f: n', Number.NaN)],
    ['f: n must be an integer of at least 1, got 9007199254740992', () => requireInteger('f: n', 2 ** 53)],
    ['f: n must be an integer from 1 to 3, got 4', () => requireInteger('f: n', 4, 1, 3)],
    ['f: n must be an integer from 0 to 3, got -1', () => requireInteger('f: n', -1, 0, 3)],
    ['f: n must be an integer of at least 1, got undefined', () => requireInteger('f: n', undefined as never)],
    ['f: r must be in [0, 1), got 1', () => requireRate('f: r', 1)],
    ['f: r must be in [0, 1), got NaN', () => requireRate('f: r', Number.NaN)],
    ['f: x must be a positive number, got 0', () => requirePositive('f: x', 0)],
    ['f: x must be a positive number, got Infinity', () => requirePositive('f: x', Number.POSITIVE_INFINITY)],
    ['f: seed must be an integer, got undefined', () => requireSeed('f', undefined as never)],
    ['f: seed must be an integer, got 0.5', () => requireSeed('f', 0.5)],
  ])('refuse: %s', (message, call) => {
    expect(call).toThrow(message);
  });
});
