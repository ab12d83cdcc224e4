import '@tensorflow/tfjs-backend-cpu';
import { registerOnnxBackend } from '@crossmodal/tfjs-backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { type DeviceName, useDevice } from '../../src/index.js';

const asked = process.env['CROSSMODAL_DEVICE'] as DeviceName | undefined;

/** What tests of training run on: plain JavaScript, ours, and the device that CROSSMODAL_DEVICE names. */
export const backends: readonly string[] = ['cpu', 'onnx', ...(asked && !['js', 'cpu'].includes(asked) ? [asked] : [])];

/** Makes one of `backends` the current one. */
export async function useBackend(name: string): Promise<void> {
  if (name === 'onnx') registerOnnxBackend();
  if (name === 'cpu' || name === 'onnx') await tf.setBackend(name);
  else await useDevice(name as DeviceName);
}

/** Plain JavaScript, unless CROSSMODAL_DEVICE names another device: for tests of values, which all devices share. */
export async function useTestBackend(): Promise<void> {
  if (asked) await useDevice(asked);
  else await tf.setBackend('cpu');
}
