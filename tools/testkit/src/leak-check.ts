import type { TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

type Work = () => TensorContainer | Promise<TensorContainer>;

/**
 * Runs `f` once to warm up, then again, and throws if the second run left tensors behind other than those it returned
 * (which are disposed). An error of `f` is passed on: a function that fails at once would leak nothing and prove nothing.
 */
export async function expectNoLeak(f: Work): Promise<void> {
  await compareTensors(async () => tf.dispose(await f()));
}

/** The same for a function that must throw, each time with a message that holds `message`. */
export async function expectNoLeakWhenThrowing(f: Work, message: string | RegExp): Promise<void> {
  await compareTensors(async () => {
    let result: TensorContainer;
    try {
      result = await f();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (typeof message === 'string' ? text.includes(message) : message.test(text)) return;
      throw new Error(`expectNoLeakWhenThrowing: expected an error with ${message}, got: ${text}`, { cause: error });
    }
    tf.dispose(result);
    throw new Error('expectNoLeakWhenThrowing: the function did not throw');
  });
}

async function compareTensors(run: () => Promise<void>): Promise<void> {
  await run();
  const before = tf.memory().numTensors;
  await run();
  const leaked = tf.memory().numTensors - before;
  if (leaked !== 0) throw new Error(`expectNoLeak: ${leaked} tensors more after the run than before it`);
}
