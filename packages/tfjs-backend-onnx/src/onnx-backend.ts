import type { NumericDataType, Rank, ShapeMap, Tensor } from '@tensorflow/tfjs-core';
import { type CompiledFunction, type CompileOptions, compile } from './compile/compile.js';
import { type HostArray, hostInput } from './compile/host-input.js';
import { type ExportOptions, exportOnnx } from './export/export-onnx.js';
import { type Profile, profile } from './profile.js';
import { RecordingBackend } from './recording-backend.js';

/**
 * The tfjs backend `onnx`, with the functions of this package as methods, so that a library can use them through
 * `tf.backend()` without depending on this package.
 */
export class OnnxBackend extends RecordingBackend {
  /** @see compile */
  compile<F extends (...args: never[]) => unknown>(fn: F, options?: CompileOptions): CompiledFunction<F> {
    return compile(fn, options);
  }

  /** @see hostInput */
  hostInput<R extends Rank>(shape: ShapeMap[R], dtype: NumericDataType, fill: (out: HostArray) => void): Tensor<R> {
    return hostInput(shape, dtype, fill);
  }

  /** @see exportOnnx */
  exportOnnx<A extends readonly unknown[]>(
    fn: (...args: A) => unknown,
    inputs: A,
    options?: ExportOptions,
  ): Uint8Array {
    return exportOnnx(fn, inputs, options);
  }

  /** @see profile */
  profile<T>(fn: () => T): Profile<T> {
    return profile(fn);
  }
}
