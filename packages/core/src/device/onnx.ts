import * as tf from '@tensorflow/tfjs-core';
import type { DeviceDriver } from './device.js';
import { packageVersion } from './load-package.js';

/** The embedded default: steps compiled to ONNX graphs on ONNX Runtime's CPU provider. */
export const cpu: DeviceDriver = {
  name: 'cpu',
  backend: 'onnx',
  remedy:
    'Reinstall `@crossmodal/tfjs-backend-onnx` and its dependency `onnxruntime-node` (npm ships the library inside the package; no install script is needed).',
  takesThreads: true,
  async load({ threads }) {
    const { registerOnnxBackend } = await import('@crossmodal/tfjs-backend-onnx');
    const registered = tf.findBackendFactory('onnx') !== null;
    registerOnnxBackend(threads === undefined ? {} : { threads });
    const inUse = (tf.findBackend('onnx') as { options?: { threads?: number } }).options?.threads;
    if (registered && threads !== undefined && inUse !== threads) {
      throw new Error(`it runs with ${inUse} threads already: set them in the first call of useDevice`);
    }
    const version = packageVersion('onnxruntime-node', { of: '@crossmodal/tfjs-backend-onnx' });
    return { describe: () => `tfjs-backend-onnx on onnxruntime-node ${version}, CPU` };
  },
};
