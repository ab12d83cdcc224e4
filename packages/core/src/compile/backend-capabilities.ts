import type { DataType, Tensor, TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A function of tensors, as `compile` takes it. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters are the caller's own; `unknown` would refuse every function.
export type TensorFunction = (...args: any[]) => TensorContainer;

/** What `compile` gives back: the same function, faster from the third call on. */
export interface CompiledFunction<F extends TensorFunction> {
  (...args: Parameters<F>): ReturnType<F>;
  /** False when the current backend cannot compile: each call then runs the function itself. */
  readonly compiled: boolean;
  /** Frees what compilation holds. The function must not be called afterwards. */
  dispose(): void;
}

/** What a backend's own `compile` returns. */
export interface NativelyCompiled<F extends TensorFunction> {
  (...args: Parameters<F>): ReturnType<F>;
  dispose(): void;
}

/** What a backend may offer beyond the kernels; ours (`onnx`) offers both. Found by looking, so that no import is needed. */
export interface BackendCapabilities {
  compile?<F extends TensorFunction>(fn: F, options?: object): NativelyCompiled<F>;
  hostInput?(shape: number[], dtype: DataType, fill: (out: Float32Array | Int32Array | Uint8Array) => void): Tensor;
}

/** The extras of the current backend. */
export function backendCapabilities(): BackendCapabilities {
  const backend = tf.backend() as object as BackendCapabilities;
  const found: BackendCapabilities = {};
  if (typeof backend.compile === 'function') found.compile = (fn, options) => backend.compile!(fn, options);
  if (typeof backend.hostInput === 'function') {
    found.hostInput = (shape, dtype, fill) => backend.hostInput!(shape, dtype, fill);
  }
  return found;
}
