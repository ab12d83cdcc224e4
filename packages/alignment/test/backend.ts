import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll } from 'vitest';

/** The backend that this package's tests run on. */
export function useTestBackend(): void {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });
}
