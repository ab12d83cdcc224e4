import { type CompiledFunction, compile } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { compiles, useTestBackend } from './backend.js';
import { inputsOf } from './cases/all.js';
import { contrastiveCases } from './cases/contrastive.js';
import { costCases } from './cases/cost.js';
import { distributionCases } from './cases/distribution.js';
import { generativeCases } from './cases/generative.js';
import type { AnyLoss, AnyNaive, LossCase, Nested } from './cases/loss-case.js';
import { metricCases } from './cases/metric.js';

useTestBackend('cpu');

/** The value of a case and the gradients of its differentiable inputs. */
function valueAndGradients({ loss, differentiable }: LossCase, inputs: Tensor[]): Tensor[] {
  const chosen = differentiable ?? inputs.map((_, i) => i);
  const f = (...values: Tensor[]) =>
    (loss as AnyLoss)(
      ...inputs.map((input, i) => (chosen.includes(i) ? (values[chosen.indexOf(i)] as Tensor) : input)),
    );
  const { value, grads } = tf.valueAndGrads(f)(chosen.map((i) => inputs[i] as Tensor));
  return [value, ...grads];
}

// One compiled function per family: replayed, it must give for new inputs what the plain loops give, and the gradients that ordinary
// calls give.
describe.each([
  ['contrastive', contrastiveCases],
  ['metric', metricCases],
  ['distribution', distributionCases],
  ['generative', generativeCases],
  ['cost', costCases],
])('%s losses in a compiled function', (_family, cases) => {
  let results: { compiled: Nested[][]; ordinary: Nested[][]; inputs: Nested[][] };

  beforeAll(() => {
    const all = (inputs: Tensor[][]) => cases.map((lossCase, i) => valueAndGradients(lossCase, inputs[i] as Tensor[]));
    const step = compile(all) as CompiledFunction<typeof all>;
    const read = (tensors: Tensor[][]) => tensors.map((group) => group.map((x) => x.arraySync() as Nested));
    for (const seed of [5, 6]) tf.tidy(() => step(cases.map((lossCase) => inputsOf(lossCase, 'random', seed))));
    results = tf.tidy(() => {
      const inputs = cases.map((lossCase) => inputsOf(lossCase, 'random', 1));
      return { compiled: read(step(inputs)), ordinary: read(all(inputs)), inputs: read(inputs) } as never;
    });
    expect(step.compiled).toBe(compiles);
    step.dispose();
  });

  it.each(cases.map(({ name }, i) => ({ name, i })))('$name', ({ i }) => {
    const { naive, rtol = 1e-5 } = cases[i] as LossCase;
    const [value, ...gradients] = results.compiled[i] as Nested[];
    if (naive) {
      const expected = (naive as AnyNaive)(...(results.inputs[i] as Nested[]));
      expect(value as number).toBeAllclose(expected, { rtol: 3 * rtol, atol: 1e-5 });
    }
    const ordinary = (results.ordinary[i] as Nested[]).slice(1);
    gradients.forEach((gradient, k) => {
      expect(gradient as number[]).toBeAllclose(ordinary[k] as number[], { rtol: 1e-4, atol: 1e-5 });
    });
  });
});
