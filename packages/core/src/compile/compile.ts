import * as tf from '@tensorflow/tfjs-core';
import { assertBackend } from '../assert-backend.js';
import { backendCapabilities, type CompiledFunction, type TensorFunction } from './backend-capabilities.js';

/**
 * Compiles a function of tensors: after two ordinary calls per input signature, further calls replay the recorded
 * kernels without running `fn`. Variables that `fn` reads or assigns stay live. On a backend that cannot compile, the
 * result calls `fn` in a tidy each time, and says so in `compiled`.
 *
 * Inside `fn`: no reading of values (`dataSync`), no control flow that depends on them, no randomness but
 * `randomNormal`, `randomUniform` and `hostInput` of this package.
 *
 * @param fn takes and returns tensors or nested containers of them; other arguments become part of the signature.
 * @throws what the backend throws when `fn` cannot be replayed (frozen randomness, data-dependent control flow).
 * @example
 * const step = compile((x: tf.Tensor2D) => tf.matMul(x, x));
 */
export function compile<F extends TensorFunction>(fn: F, options: object = {}): CompiledFunction<F> {
  assertBackend('compile');
  const native = backendCapabilities().compile;
  if (native) {
    const inner = native(fn, options);
    const call = (...args: Parameters<F>) => inner(...args);
    return Object.assign(call, { compiled: true, dispose: () => inner.dispose() });
  }
  const call = (...args: Parameters<F>) => tf.tidy(() => fn(...args) as ReturnType<F>);
  return Object.assign(call, { compiled: false, dispose: () => {} });
}
