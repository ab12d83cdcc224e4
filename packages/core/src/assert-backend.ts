import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from './errors.js';

/**
 * Refuses to go on before TensorFlow.js has a backend, which it would say without the remedy.
 *
 * @param caller the function that needs one
 * @throws CrossmodalError when no backend is registered
 */
export function assertBackend(caller: string): void {
  const { registryFactory } = tf.engine();
  if (Object.keys(registryFactory).length > 0) return;
  throw new CrossmodalError(`${caller}: nothing is there yet to compute tensors`, {
    remedy:
      "call `await useDevice()` of '@crossmodal/core/device' first (in a browser, import a backend of TensorFlow.js)",
  });
}
