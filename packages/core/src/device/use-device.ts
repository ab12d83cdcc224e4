import * as tf from '@tensorflow/tfjs-core';
import { backendCapabilities } from '../compile/backend-capabilities.js';
import { CrossmodalError } from '../errors.js';
import type { Device, DeviceDriver, DeviceName } from './device.js';
import { cpu } from './onnx.js';
import { cuda, tensorflow } from './tensorflow.js';
import { js, wasm } from './tfjs.js';
import { webgpu } from './webgpu.js';

/** In the order in which `auto` tries them. */
const drivers: readonly DeviceDriver[] = [cuda, webgpu, cpu, tensorflow, wasm, js];

/** The device names that `useDevice` takes beside `auto`, best first. */
export const deviceNames: readonly DeviceName[] = drivers.map((driver) => driver.name);

/**
 * Chooses what computes tensors from here on, and makes it the current backend of TensorFlow.js.
 *
 * `auto` takes the best that works, in the order cuda, webgpu (only a real GPU), cpu, tensorflow, wasm, js, and says in
 * `reason` and `passedOver` why. A name demands that device. Each candidate must multiply two matrices right before it is
 * taken. The environment variable `CROSSMODAL_DEVICE` overrides `auto`, and nothing but `auto`.
 *
 * @param name a device name, or `auto` (the default).
 * @throws CrossmodalError for an unknown name, or when a demanded device does not work here; the message holds the remedy.
 * @example
 * const device = await useDevice();
 * console.log(`${device.name}: ${device.description} (${device.reason})`);
 */
export async function useDevice(name: DeviceName | 'auto' = 'auto'): Promise<Device> {
  const override = process.env['CROSSMODAL_DEVICE'];
  const wanted = name === 'auto' && override ? override : name;
  if (wanted !== 'auto') {
    const why = wanted === name ? 'demanded' : 'demanded by CROSSMODAL_DEVICE';
    return demand(wanted, why);
  }
  const passedOver: { name: DeviceName; why: string }[] = [];
  for (const driver of drivers) {
    try {
      return await start(driver, { automatic: true, reason: 'the best device that works here', passedOver });
    } catch (error) {
      passedOver.push({ name: driver.name, why: (error as Error).message });
    }
  }
  throw new CrossmodalError(
    `useDevice: no device works here: ${passedOver.map((entry) => `${entry.name}: ${entry.why}`).join('; ')}`,
    { remedy: cpu.remedy },
  );
}

async function demand(name: string, reason: string): Promise<Device> {
  const driver = drivers.find((candidate) => candidate.name === name);
  if (!driver) {
    throw new CrossmodalError(`useDevice: unknown device '${name}' (${reason})`, {
      remedy: `Choose one of auto, ${deviceNames.join(', ')}.`,
    });
  }
  try {
    return await start(driver, { automatic: false, reason, passedOver: [] });
  } catch (error) {
    throw new CrossmodalError(
      `useDevice: device '${name}' (${reason}) does not work here: ${(error as Error).message}`,
      {
        remedy: driver.remedy,
        cause: error,
      },
    );
  }
}

async function start(
  driver: DeviceDriver,
  { automatic, reason, passedOver }: { automatic: boolean } & Pick<Device, 'reason' | 'passedOver'>,
): Promise<Device> {
  const { describe } = await driver.load({ automatic });
  const previous = tf.engine().backendName;
  try {
    if (!(await tf.setBackend(driver.backend))) throw new Error(`backend '${driver.backend}' did not start`);
    await tf.ready();
    await multiplyTwoMatrices();
  } catch (error) {
    if (previous && previous !== driver.backend) await tf.setBackend(previous);
    throw error;
  }
  return {
    name: driver.name,
    backend: driver.backend,
    description: describe(),
    reason,
    compiles: backendCapabilities().compile !== undefined,
    passedOver: [...passedOver],
  };
}

/** A backend can register and then fail, or compute rubbish, on its first kernel: see it work once. */
async function multiplyTwoMatrices(): Promise<void> {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])));
  const values = await product.data();
  product.dispose();
  if ([19, 22, 43, 50].some((expected, i) => values[i] !== expected)) {
    throw new Error(`a 2x2 matrix product came out as [${[...values]}], not [19, 22, 43, 50]`);
  }
}
