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
  /** Makes a session that computes at once. Undefined when the addon is not the one that is known. */
  createSession: (() => NativeSession) | undefined;
  /** The public way: sessions that compute later. */
  createPublicSession(bytes: Uint8Array, options: PublicSession.SessionOptions): Promise<PublicSession>;
}

interface AddonModule {
  initOrt(): void;
  binding: { InferenceSession: new () => NativeSession };
}

interface PublicModule {
  InferenceSession: { create(bytes: Uint8Array, options: PublicSession.SessionOptions): Promise<PublicSession> };
}

/** Set to `public`, only the public interface is used: to see how a program behaves without the synchronous one. */
const SWITCH = 'TFJS_ONNX_BINDING';

let loaded: OrtModule | undefined;

/**
 * Loads ONNX Runtime.
 * @throws when the package or its addon for this platform cannot be loaded.
 */
export function loadOrt(): OrtModule {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  try {
    // The same copies that onnxruntime-node uses: the addon compares tensor classes.
    const local = createRequire(require.resolve('onnxruntime-node'));
    const common = local('onnxruntime-common') as { Tensor: typeof Tensor };
    const { InferenceSession } = require('onnxruntime-node') as PublicModule;
    loaded = {
      Tensor: common.Tensor,
      createSession: process.env[SWITCH] === 'public' ? undefined : synchronousSessions(require),
      createPublicSession: (bytes, options) => InferenceSession.create(bytes, options),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(
      `tfjs-backend-onnx: onnxruntime-node could not be loaded on ${process.platform}-${process.arch}: ${reason}`,
      { cause: error },
    );
  }
  return loaded;
}

function synchronousSessions(require: NodeJS.Require): OrtModule['createSession'] {
  let addon: AddonModule;
  try {
    addon = require('onnxruntime-node/dist/binding.js') as AddonModule;
  } catch {
    return undefined;
  }
  const Session = addon.binding?.InferenceSession;
  const methods = ['loadModel', 'run', 'dispose', 'endProfiling'] as const;
  if (typeof addon.initOrt !== 'function' || !methods.every((name) => typeof Session?.prototype?.[name] === 'function'))
    return undefined;
  addon.initOrt();
  return () => new Session();
}

/** False when this version of ONNX Runtime can only compute asynchronously: `data()` works, `dataSync()` throws. */
export function computesAtOnce(): boolean {
  return loadOrt().createSession !== undefined;
}

/** The error for what needs numbers at once where ONNX Runtime only computes later. */
export function notSynchronous(): Error {
  return new Error(
    'tfjs-backend-onnx: the numbers are needed at once (dataSync, or a kernel computed in JavaScript), and this version of onnxruntime-node only computes asynchronously; use await tensor.data(), or install onnxruntime-node 1.30.0',
  );
}
