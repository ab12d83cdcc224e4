import '@tensorflow/tfjs-backend-cpu';
import { skipWhatTheDeviceLacks } from '@crossmodal/testkit';
import { registerOnnxBackend } from '@crossmodal/tfjs-backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll } from 'vitest';
import { type DeviceName, useDevice } from '../../src/device/index.js';

const asked = process.env['CROSSMODAL_DEVICE'] as DeviceName | undefined;

/** What tests of training run on: plain JavaScript and ours, or the device that CROSSMODAL_DEVICE names. */
export const backends: readonly string[] = asked && !['js', 'cpu'].includes(asked) ? [asked] : ['cpu', 'onnx'];

/** Makes one of `backends` the current one. */
export async function useBackend(name: string): Promise<void> {
  if (name === 'onnx') registerOnnxBackend({ hostThreshold: 32 });
  if (name === 'cpu' || name === 'onnx') await tf.setBackend(name);
  else await useDevice(name as DeviceName);
}

/** Within a `describe` over `backends`: its tests run on this one. */
export function useBackendHere(name: string): void {
  beforeAll(() => useBackend(name));
  skipWhatTheDeviceLacks();
}

/** Plain JavaScript, unless CROSSMODAL_DEVICE names another device: for tests of values, which all devices share. */
export function useTestBackend(): void {
  beforeAll(async () => {
    if (asked) await useDevice(asked);
    else await tf.setBackend('cpu');
  });
  skipWhatTheDeviceLacks();
}
