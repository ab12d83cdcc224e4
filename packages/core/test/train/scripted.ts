import * as tf from '@tensorflow/tfjs-core';
import type { Step } from '../../src/train/index.js';
import type { Batch } from './regression.js';

/** A step that reports what it is told and counts. */
export function scripted(report: (run: number) => Record<string, number>): Step<Batch> & { runs: number } {
  const weight = tf.variable(tf.scalar(0));
  const step = {
    runs: 0,
    run() {
      step.runs++;
      tf.tidy(() => weight.assign(tf.scalar(step.runs)));
      return Object.fromEntries(Object.entries(report(step.runs)).map(([name, value]) => [name, tf.scalar(value)]));
    },
    namedState: () => ({ weight }),
    hostState: () => ({ runs: step.runs }),
    restoreHostState: ({ runs = 0 }: Record<string, number>) => {
      step.runs = runs;
    },
    dispose: () => weight.dispose(),
  };
  return step;
}
