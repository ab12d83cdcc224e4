// Tiny eager programs on `cpu` and on `onnx`, in turn in one process: microseconds of the best third of the runs.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { registerOnnxBackend } from '../src/index.js';

type Program = () => unknown;
const backends = ['cpu', 'onnx'] as const;

const chain = (n: number, each: (x: tf.Tensor) => tf.Tensor) => () =>
  tf.tidy(() => {
    let x: tf.Tensor = tf.ones([n]);
    for (let i = 0; i < 5; i++) x = each(x);
    x.dataSync();
  });

function product(n: number): Program {
  const a = tf.ones([n, n]) as tf.Tensor2D;
  return () => tf.tidy(() => void tf.matMul(tf.matMul(a, a), a).dataSync());
}

function logSoftmax(n: number): Program {
  const a = tf.ones([n, n]);
  return () => tf.tidy(() => void tf.mean(tf.logSoftmax(a)).dataSync());
}

function convolution(size: number, channels: number): Program {
  const x = tf.ones([1, size, size, channels]) as tf.Tensor4D;
  const w = tf.ones([3, 3, channels, channels]) as tf.Tensor4D;
  return () => tf.tidy(() => void tf.relu(tf.conv2d(x, w, 1, 'same')).dataSync());
}

/** A training step of a network 8-hidden-1 with Adam, uncompiled. */
function network(hidden: number, batch: number): Program {
  const random = (shape: [number, number]) => tf.randomNormal(shape) as tf.Tensor2D;
  const [x, y] = [random([batch, 8]), random([batch, 1])];
  const [w, b, v] = [
    tf.variable(random([8, hidden])),
    tf.variable(tf.zeros([hidden])),
    tf.variable(random([hidden, 1])),
  ];
  const optimizer = tf.train.adam(0.01);
  const predict = () => tf.matMul(tf.relu(tf.add(tf.matMul(x, w), b)) as tf.Tensor2D, v);
  const loss = () => tf.mean(tf.square(tf.sub(predict(), y))) as tf.Scalar;
  return () => tf.tidy(() => void optimizer.minimize(loss, true)!.dataSync());
}

const programs: Record<string, () => Program> = {
  '10 operations on 16 numbers': () => chain(16, (x) => tf.add(tf.mul(x, 0.5), 1)),
  '10 operations on 256 numbers': () => chain(256, (x) => tf.add(tf.mul(x, 0.5), 1)),
  '10 operations on 2,048 numbers': () => chain(2048, (x) => tf.add(tf.mul(x, 0.5), 1)),
  '5 tanh of 1,024 numbers': () => chain(1024, (x) => tf.tanh(tf.mul(x, 0.5))),
  '2 products 16x16': () => product(16),
  '2 products 32x32': () => product(32),
  'mean of log softmax 16x16': () => logSoftmax(16),
  'mean of log softmax 32x32': () => logSoftmax(32),
  'convolution 8x8x2, relu': () => convolution(8, 2),
  'convolution 8x8x8, relu': () => convolution(8, 8),
  'training step 8-16-1, batch 16': () => network(16, 16),
  'training step 8-64-1, batch 32': () => network(64, 32),
};

registerOnnxBackend();
const made = new Map<string, Program>();
const best = new Map<string, number>();
for (let round = 0; round < 8; round++) {
  for (const backend of backends) {
    await tf.setBackend(backend);
    for (const [name, make] of Object.entries(programs)) {
      const key = `${backend} ${name}`;
      const run = made.get(key) ?? make();
      made.set(key, run);
      const times = Array.from({ length: 160 }, () => {
        const start = performance.now();
        run();
        return 1000 * (performance.now() - start);
      });
      const third = times.slice(60).sort((a, b) => a - b)[33]!;
      best.set(key, Math.min(best.get(key) ?? Number.POSITIVE_INFINITY, third));
    }
  }
}
console.log(`${''.padEnd(32)}${'cpu'.padStart(8)}${'onnx'.padStart(8)}  (microseconds)`);
for (const name of Object.keys(programs)) {
  const [cpu, onnx] = backends.map((backend) => best.get(`${backend} ${name}`)!) as [number, number];
  console.log(
    `${name.padEnd(32)}${cpu.toFixed(0).padStart(8)}${onnx.toFixed(0).padStart(8)}  ${(cpu / onnx).toFixed(2)}x`,
  );
}
