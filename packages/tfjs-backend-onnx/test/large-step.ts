// Compiles functions that make results of 1 MB, says so, then two of 68 MB.
import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { compile, registerOnnxBackend } from '../src/index.js';

registerOnnxBackend({ threads: 1 });
await tf.setBackend('onnx');
for (const megabytes of [1, 68]) {
  const x = tf.zeros([megabytes, 2 ** 18]);
  for (const fn of [tf.neg, tf.abs]) {
    const step = compile((values: tf.Tensor) => tf.sum(fn(values)));
    for (let i = 0; i < 2; i++) tf.dispose(step(x));
    step.dispose();
  }
  await setImmediate();
  process.stderr.write(`done with ${megabytes} MB\n`);
}
