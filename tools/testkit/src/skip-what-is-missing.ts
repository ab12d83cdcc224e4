import * as tf from '@tensorflow/tfjs-core';
import { beforeEach } from 'vitest';

interface AsynchronousBackend {
  tensorMap: { get(dataId: object): { values?: unknown; dtype: string } };
  readSync(dataId: object): unknown;
}

type Skip = (note: string) => never;

/**
 * TensorFlow.js's own devices lack some of what tests ask for. Called once per file, this skips such a test by name, at
 * the point where it asks: for a kernel that the backend does not have, or on `webgpu`, which cannot read at once in Node,
 * for `dataSync` (also in `toBeAllclose` of a tensor). Plain JavaScript and our own backend must have everything.
 */
export function skipWhatTheDeviceLacks(): void {
  beforeEach(({ skip }) => {
    const name = tf.getBackend();
    if (name === 'cpu' || name === 'onnx') return;
    const restore = [skipMissingKernels(skip), ...(name === 'webgpu' ? [skipReadsAtOnce(skip)] : [])];
    return () => {
      for (const undo of restore) undo();
    };
  });
}

function skipMissingKernels(skip: Skip): () => void {
  const engine = tf.engine();
  const runKernel = engine.runKernel;
  engine.runKernel = (kernel, ...rest) => {
    const { backendName } = engine;
    // A test may move to another device in its course.
    if (backendName !== 'cpu' && backendName !== 'onnx' && !tf.getKernel(kernel, backendName)) {
      skip(`the device ${backendName} has no kernel ${kernel}`);
    }
    return runKernel.call(engine, kernel, ...rest) as never;
  };
  return () => {
    engine.runKernel = runKernel;
  };
}

function skipReadsAtOnce(skip: Skip): () => void {
  const backend = tf.backend() as unknown as AsynchronousBackend;
  const { readSync } = backend;
  backend.readSync = (dataId) => {
    const { values, dtype } = backend.tensorMap.get(dataId);
    const onTheCard = values === undefined || values === null;
    if (onTheCard && dtype !== 'string' && dtype !== 'complex64') skip('reads numbers at once, which webgpu cannot');
    return readSync.call(backend, dataId);
  };
  return () => {
    backend.readSync = readSync;
  };
}
