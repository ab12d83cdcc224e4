import { createRequire } from 'node:module';
import type { InferenceSession as PublicSession, Tensor } from 'onnxruntime-common';

/**
 * The addon inside onnxruntime-node. Its public `session.run` is this same synchronous call behind a `setImmediate`;
 * tfjs's `dataSync()` needs the call itself. It is not a public interface: the version is pinned and a contract test
 * checks the shape, here as well as in the test suite.
 */
export interface NativeSession {
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: PublicSession.SessionOptions): void;
  run(
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor | null>,
    options: PublicSession.RunOptions,
  ): Record<string, Tensor>;
  dispose(): void;
  endProfiling(): void;
}

export interface OrtModule {
  Tensor: typeof Tensor;
  createSession(): NativeSession;
}

interface AddonModule {
  initOrt(): void;
  binding: { InferenceSession: new () => NativeSession };
}

let loaded: OrtModule | undefined;

/**
 * Loads ONNX Runtime.
 * @throws when the package or its addon for this platform cannot be loaded, or when it has another shape than expected.
 */
export function loadOrt(): OrtModule {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  let common: { Tensor: typeof Tensor };
  let addon: AddonModule;
  try {
    // The same copies that onnxruntime-node uses: the addon compares tensor classes.
    const local = createRequire(require.resolve('onnxruntime-node'));
    common = local('onnxruntime-common') as { Tensor: typeof Tensor };
    addon = require('onnxruntime-node/dist/binding.js') as AddonModule;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(
      `tfjs-backend-onnx: onnxruntime-node could not be loaded on ${process.platform}-${process.arch}: ${reason}`,
    );
  }
  const Session = addon.binding?.InferenceSession;
  const complete = ['loadModel', 'run', 'dispose'].every(
    (name) => typeof Session?.prototype?.[name as keyof NativeSession] === 'function',
  );
  if (typeof addon.initOrt !== 'function' || !complete) {
    throw new Error(
      'tfjs-backend-onnx: this version of onnxruntime-node has an unknown addon; install onnxruntime-node 1.30.0',
    );
  }
  addon.initOrt();
  loaded = { Tensor: common.Tensor, createSession: () => new Session() };
  return loaded;
}
