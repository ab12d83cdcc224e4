import '@tensorflow/tfjs-layers';
import { type DeviceName, useDevice } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { allCases, inputsOf } from './cases/all.js';
import type { AnyLoss, LossCase } from './cases/loss-case.js';

/**
 * Every loss and its gradient on the device that CROSSMODAL_DEVICE names, against plain JavaScript. Numbers are read with
 * `data()`, as devices need that cannot read at once (`webgpu`). Skipped where no device is named.
 */
const asked = process.env['CROSSMODAL_DEVICE'] as DeviceName | undefined;

async function numbersOn(
  device: DeviceName,
  { loss, differentiable }: LossCase,
  inputs: LossInputs,
): Promise<Float32Array[]> {
  await useDevice(device);
  const tensors = inputs.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype as 'float32'));
  const chosen = differentiable ?? tensors.map((_, i) => i);
  const f = (...values: Tensor[]) =>
    (loss as AnyLoss)(
      ...tensors.map((input, i) => (chosen.includes(i) ? (values[chosen.indexOf(i)] as Tensor) : input)),
    );
  const results = tf.tidy(() => [f(...chosen.map((i) => tensors[i]!)), ...tf.grads(f)(chosen.map((i) => tensors[i]!))]);
  const numbers = await Promise.all(results.map(async (x) => Float32Array.from(await x.data())));
  tf.dispose([...tensors, ...results]);
  return numbers;
}

type LossInputs = { values: Float32Array; shape: number[]; dtype: string }[];

describe.skipIf(asked === undefined)(`every loss on device ${asked}`, () => {
  it.each(allCases)('$name', async (lossCase) => {
    await useDevice('js');
    const inputs = inputsOf(lossCase, 'random', 1).map((x) => {
      const input = { values: x.dataSync().slice() as Float32Array, shape: x.shape, dtype: x.dtype };
      x.dispose();
      return input;
    });
    const expected = await numbersOn('js', lossCase, inputs);
    const actual = await numbersOn(asked!, lossCase, inputs);
    actual.forEach((values, i) => {
      expect(values, i === 0 ? 'value' : `gradient ${i}`).toBeAllclose(expected[i]!, { rtol: 1e-3, atol: 1e-4 });
    });
  });
});
