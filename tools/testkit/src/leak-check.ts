import type { TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `f` once to warm up, then again, and throws if the second run left tensors behind other than those it returned
 * (which are disposed). A run that throws is checked in the same way: its error is swallowed, its leaks are not.
 */
export async function expectNoLeak(f: () => TensorContainer | Promise<TensorContainer>): Promise<void> {
  const run = async () => {
    try {
      tf.dispose(await f());
    } catch {
      // The throwing path is checked like the other one.
    }
  };
  await run();
  const before = tf.memory().numTensors;
  await run();
  const leaked = tf.memory().numTensors - before;
  if (leaked !== 0) throw new Error(`expectNoLeak: ${leaked} tensors more after the run than before it`);
}
