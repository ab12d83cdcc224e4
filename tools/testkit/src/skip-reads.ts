import * as tf from '@tensorflow/tfjs-core';
import { beforeEach } from 'vitest';

interface AsynchronousBackend {
  tensorMap: { get(dataId: object): { values?: unknown; dtype: string } };
  readSync(dataId: object): unknown;
}

/**
 * On `webgpu`, which cannot read at once in Node, a test that asks for it (`dataSync`, `toBeAllclose` of a tensor) is
 * skipped by name at that point; tests that read with `data()` run. Other backends are left alone. Called once per file.
 */
export function skipTestsThatReadAtOnce(): void {
  beforeEach(({ skip }) => {
    if (tf.getBackend() !== 'webgpu') return;
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
  });
}
