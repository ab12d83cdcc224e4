import '@tensorflow/tfjs-layers';
import { type DeviceName, useDevice } from '@crossmodal/core/device';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { allCases, inputsOf } from './cases/all.js';
import type { AnyLoss, LossCase } from './cases/loss-case.js';

/**
 * Every loss and its gradient on the device that CROSSMODAL_DEVICE names, against plain JavaScript. Numbers are read with
 * `data()`, as devices need that cannot read at once (`webgpu`). Skipped where no device is named.
 */
const asked = process.env['CROSSMODAL_DEVICE'] as DeviceName | undefined;

async function numbersOf({ loss, differentiable }: LossCase, inputs: LossInputs): Promise<Float32Array[]> {
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

type Outcome = Float32Array[] | Error;

describe.skipIf(asked === undefined)(`every loss on device ${asked}`, () => {
  const outcomes = { js: new Map<LossCase, Outcome>(), device: new Map<LossCase, Outcome>() };

  async function run(name: DeviceName, into: Map<LossCase, Outcome>, inputs: Map<LossCase, LossInputs>): Promise<void> {
    await useDevice(name);
    for (const lossCase of allCases) {
      into.set(lossCase, await numbersOf(lossCase, inputs.get(lossCase)!).catch((error: Error) => error));
    }
  }

  beforeAll(async () => {
    await useDevice('js');
    const inputs = new Map<LossCase, LossInputs>();
    for (const lossCase of allCases) {
      const tensors = inputsOf(lossCase, 'random', 1);
      inputs.set(
        lossCase,
        tensors.map((x) => ({ values: x.dataSync().slice() as Float32Array, shape: x.shape, dtype: x.dtype })),
      );
      tf.dispose(tensors);
    }
    // Cases keep constants that the first device made. WebGPU cannot hand them on without an asynchronous read; what
    // tfjs's JavaScript casts from bool, TensorFlow takes for bool.
    const device = () => run(asked!, outcomes.device, inputs);
    const js = () => run('js', outcomes.js, inputs);
    for (const part of asked === 'webgpu' ? [js, device] : [device, js]) await part();
  }, 900_000);

  it.each(allCases)('$name', (lossCase) => {
    const [expected, actual] = [outcomes.js.get(lossCase)!, outcomes.device.get(lossCase)!];
    if (expected instanceof Error) throw expected;
    if (actual instanceof Error) throw actual;
    expect(actual).toHaveLength(expected.length);
    actual.forEach((values, i) => {
      expect(values, i === 0 ? 'value' : `gradient ${i}`).toBeAllclose(expected[i]!, { rtol: 1e-3, atol: 1e-4 });
    });
  });
});
