import { expectNoLeak, gradientCheck } from '@crossmodal/testkit';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useTestBackend } from './backend.js';
import { allCases, inputsOf } from './cases/all.js';
import type { AnyLoss, AnyNaive, BatchKind, LossCase, Nested } from './cases/loss-case.js';

useTestBackend();

const degenerate: BatchKind[] = ['one row', 'all equal', 'some zero vectors', 'all zero', 'large', 'tiny'];

/** Which inputs to differentiate, and the loss as a function of those alone. */
function partial({ loss, differentiable }: LossCase, inputs: Tensor[]) {
  const chosen = differentiable ?? inputs.map((_, i) => i);
  const f = (...values: Tensor[]) =>
    (loss as AnyLoss)(
      ...inputs.map((input, i) => (chosen.includes(i) ? (values[chosen.indexOf(i)] as Tensor) : input)),
    );
  return { f, values: chosen.map((i) => inputs[i] as Tensor) };
}

describe.each(allCases)('$name', (lossCase) => {
  const { loss, naive, rtol = 1e-5 } = lossCase;

  it.runIf(naive)('equals the naive loop', () => {
    tf.tidy(() => {
      for (const seed of [1, 2]) {
        const inputs = inputsOf(lossCase, 'random', seed);
        const expected = (naive as AnyNaive)(...inputs.map((input) => input.arraySync() as Nested));
        expect((loss as AnyLoss)(...inputs)).toBeAllclose(expected, { rtol, atol: 2e-6 });
      }
    });
  });

  it.skipIf(lossCase.noGradientCheck)('has the gradient of its value', () => {
    tf.tidy(() => {
      const { f, values } = partial(lossCase, inputsOf(lossCase, 'random'));
      gradientCheck(f, values, { rtol: 1e-2, atol: 2e-4, ...lossCase.gradient });
    });
  });

  it.each(degenerate)('is finite, and its gradient too: %s', (kind) => {
    tf.tidy(() => {
      const inputs = inputsOf(lossCase, kind);
      const reason = lossCase.refuses?.[kind];
      if (reason && kind === 'one row') {
        expect(() => (loss as AnyLoss)(...inputs)).toThrow(/needs/);
        return;
      }
      if (reason) return;
      const value = (loss as AnyLoss)(...inputs);
      expect(value.shape).toEqual([]);
      const { f, values } = partial(lossCase, inputs);
      const gradients = tf.grads(f)(values);
      for (const x of [value, ...gradients]) expect(x.dataSync().every(Number.isFinite)).toBe(true);
    });
  });

  it('leaves no tensors behind', async () => {
    const inputs = inputsOf(lossCase, 'random');
    await expectNoLeak(() => (loss as AnyLoss)(...inputs));
    const { f, values } = partial(lossCase, inputs);
    await expectNoLeak(() => tf.grads(f)(values));
    tf.dispose(inputs);
  });
});
