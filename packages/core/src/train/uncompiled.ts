import * as tf from '@tensorflow/tfjs-core';
import type { CompiledFunction, TensorFunction } from '../device/backend-capabilities.js';

/** A function in the clothes of a compiled one, for `compile: false`. */
export function uncompiled<F extends TensorFunction>(fn: F): CompiledFunction<F> {
  const call = (...args: Parameters<F>) => tf.tidy(() => fn(...args) as ReturnType<F>);
  return Object.assign(call, { compiled: false, dispose: () => {} });
}
