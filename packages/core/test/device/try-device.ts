// Started as a process of its own by the device tests: brings a device up, trains a line on it, prints what happened.

import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { type DeviceName, deviceNames, useDevice } from '../../src/device/index.js';
import { CrossmodalError } from '../../src/index.js';

const [name = 'auto', asOnNewNode, threads] = process.argv.slice(2);
if (asOnNewNode) {
  // What Node 23 removed.
  Reflect.deleteProperty(util, 'isNullOrUndefined');
  Reflect.deleteProperty(util, 'isArray');
}
try {
  const device = await useDevice(name as DeviceName | 'auto', threads ? { threads: Number(threads) } : {});
  const inUse = (tf.backend() as { options?: { threads?: number } }).options?.threads;
  const slope = tf.variable(tf.scalar(0));
  const x = tf.tensor1d([1, 2, 3, 4]);
  const optimizer = tf.train.sgd(0.05);
  for (let step = 0; step < 30; step++) {
    optimizer.minimize(() => tf.mean(tf.squaredDifference(tf.mul(x, slope), tf.mul(x, 3))) as tf.Scalar);
  }
  const [learned] = await slope.data();
  process.stdout.write(JSON.stringify({ device, current: tf.getBackend(), learned, inUse }));
} catch (error) {
  const known = CrossmodalError.isInstance(error);
  process.stdout.write(JSON.stringify({ known, message: (error as Error).message, names: deviceNames }));
}
process.exit(0);
