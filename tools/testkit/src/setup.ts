import { afterEach, beforeEach, expect, vi } from 'vitest';
import { allclose, type ClosenessOptions, type Comparable } from './allclose.js';

declare module 'vitest' {
  interface Matchers<T> {
    /** Shape, NaN and infinities first, then |actual - expected| <= atol + rtol |expected|. */
    toBeAllclose(expected: Comparable, options?: ClosenessOptions): T;
  }
}

expect.extend({
  toBeAllclose(actual: Comparable, expected: Comparable, options?: ClosenessOptions) {
    const difference = allclose(actual, expected, options);
    return {
      pass: difference === undefined,
      message: () => difference ?? 'expected the arrays to differ, they are close',
    };
  },
});

// A test that prints to the console fails: libraries must not, and noise hides real warnings.
// The plain cpu backend of TensorFlow.js greets Node users on first use; it is our reference, not a surprise.
const greeting = 'Hi, looks like you are running TensorFlow.js in Node.js';
const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
let printed: string[] = [];
beforeEach(() => {
  printed = [];
  for (const method of methods) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
      const line = words.map(String).join(' ');
      if (!line.includes(greeting)) printed.push(`console.${method}: ${line}`);
    });
  }
});
afterEach(() => {
  const lines = printed;
  printed = [];
  if (lines.length > 0) throw new Error(`The test wrote to the console:\n${lines.join('\n')}`);
});
