import * as tf from '@tensorflow/tfjs-core';
import { requireInteger } from '../checks.js';
import '@tensorflow/tfjs-layers'; // registers the gradients of tfjs-core, in Node the one way to them
import { backendCapabilities } from '../compile/backend-capabilities.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Device, DeviceDriver, DeviceName } from './device.js';
import { cpu } from './onnx.js';
import { cuda, tensorflow } from './tensorflow.js';
import { js, wasm } from './tfjs.js';
import { webgpu } from './webgpu.js';

export interface UseDeviceOptions {
  threads?: number;
}

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
 * @param options.threads threads that compute, of `cpu` and `wasm`; all cores, at most 16, by default (of `cpu`, `TFJS_ONNX_THREADS` of the
 *   environment where it is set). A graphics card and
 *   libtensorflow decide for themselves: `auto` takes them as they are, a demand of one with `threads` is refused.
 * @throws CrossmodalError for an unknown name, or when a demanded device does not work here; the message holds the remedy.
 * @example
 * const device = await useDevice();
 * console.log(`${device.name}: ${device.description} (${device.reason})`);
 */
export async function useDevice(name: DeviceName | 'auto' = 'auto', options: UseDeviceOptions = {}): Promise<Device> {
  assertKnownOptions('useDevice', options, { threads: true } satisfies Record<keyof UseDeviceOptions, true>);
  const { threads } = options;
  if (threads !== undefined) requireInteger('useDevice: threads', threads);
  const override = process.env['CROSSMODAL_DEVICE'];
  const wanted = name === 'auto' && override ? override : name;
  if (wanted !== 'auto') {
    const why = wanted === name ? 'demanded' : 'demanded by CROSSMODAL_DEVICE';
    return demand(wanted, why, threads);
  }
  const passedOver: { name: DeviceName; why: string }[] = [];
  for (const driver of drivers) {
    try {
      return await start(driver, { automatic: true, threads, reason: 'the best device that works here', passedOver });
    } catch (error) {
      passedOver.push({ name: driver.name, why: (error as Error).message });
    }
  }
  throw new CrossmodalError(
    `useDevice: no device works here: ${passedOver.map((entry) => `${entry.name}: ${entry.why}`).join('; ')}`,
    { remedy: cpu.remedy },
  );
}

async function demand(name: string, reason: string, threads: number | undefined): Promise<Device> {
  const driver = drivers.find((candidate) => candidate.name === name);
  if (!driver) {
    throw new CrossmodalError(`useDevice: unknown device '${name}' (${reason})`, {
      remedy: `Choose one of auto, ${deviceNames.join(', ')}.`,
    });
  }
  if (threads !== undefined && !driver.takesThreads) {
    throw new CrossmodalError(`useDevice: the number of threads of '${name}' cannot be set`, {
      remedy: `leave threads out, or choose one of ${drivers.flatMap((each) => (each.takesThreads ? [each.name] : [])).join(', ')}`,
    });
  }
  try {
    return await start(driver, { automatic: false, threads, reason, passedOver: [] });
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
  {
    automatic,
    threads,
    reason,
    passedOver,
  }: { automatic: boolean; threads: number | undefined } & Pick<Device, 'reason' | 'passedOver'>,
): Promise<Device> {
  const { describe } = await driver.load({ automatic, threads });
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
