// What compiled steps cost besides computing: build time and replay overhead of a step of about 500 nodes, and memory over
// many steps. Ends with 1 when a bound is broken.
// pnpm --filter @crossmodal/tfjs-backend-onnx run bench:replay [steps]
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { compile, type OnnxBackend, registerOnnxBackend } from '../src/index.js';

const STEPS = Number(process.argv[2] ?? 10_000);
/** Milliseconds per replay outside of ONNX Runtime, and for the first compiled call. */
const MAX_OVERHEAD = 0.5;
const MAX_COMPILE = 1000;

registerOnnxBackend({ threads: 1 });
await tf.setBackend('onnx');
const { statistics } = tf.backend() as OnnxBackend;

/** A deep, narrow network trained by Adam: many operators, little to compute. */
function trainer({ layers, width }: { layers: number; width: number }) {
  const weights = Array.from({ length: layers }, (_, i) => ({
    w: tf.variable(
      tf.randomNormal([width, width], 0, 1 / Math.sqrt(width), 'float32', i + 1),
    ) as tf.Variable<tf.Rank.R2>,
    b: tf.variable(tf.zeros([width])),
  }));
  const optimizer = tf.train.adam(1e-3);
  const predict = (x: tf.Tensor2D) =>
    weights.reduce((h, { w, b }) => tf.tanh(tf.add(tf.matMul(h, w), b)) as tf.Tensor2D, x);
  return (x: tf.Tensor2D, y: tf.Tensor2D) =>
    optimizer.minimize(() => tf.losses.meanSquaredError(y, predict(x)) as tf.Scalar, true)!;
}

const batch = (seed: number) => tf.randomNormal([8, 16], 0, 1, 'float32', seed) as tf.Tensor2D;
const step = compile(trainer({ layers: 56, width: 16 }));
const train = (i: number): number => {
  const [x, y] = [batch(i), batch(i + 1)];
  const loss = step(x, y);
  const [value] = loss.dataSync();
  tf.dispose([x, y, loss]);
  return value!;
};
train(0);
statistics.builtNodes = 0;
const started = performance.now();
train(1);
const compileMilliseconds = performance.now() - started;
const nodes = statistics.builtNodes;
for (let i = 0; i < 200; i++) train(i);

const [x, y] = [batch(1), batch(2)];
const overheads: number[] = [];
const totals: number[] = [];
for (let i = 0; i < 1000; i++) {
  const inside = statistics.runMilliseconds;
  const start = performance.now();
  const loss = step(x, y);
  const total = performance.now() - start;
  loss.dispose();
  totals.push(total);
  overheads.push(total - (statistics.runMilliseconds - inside));
}
const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;
const overhead = median(overheads);
console.log(
  `${nodes} nodes: compiled in ${compileMilliseconds.toFixed(0)} ms; a replay takes ${median(totals).toFixed(3)} ms, ${overhead.toFixed(3)} ms of it outside of ONNX Runtime (medians of 1000)`,
);

const samples: { tensors: number; data: number; megabytes: number }[] = [];
for (let i = 1; i <= STEPS; i++) {
  train(i % 50);
  if (i % Math.ceil(STEPS / 10) !== 0) continue;
  globalThis.gc?.();
  const sample = {
    tensors: tf.memory().numTensors,
    data: tf.backend().numDataIds(),
    megabytes: process.memoryUsage().rss / 2 ** 20,
  };
  samples.push(sample);
  console.log(
    `step ${String(i).padStart(7)}   ${sample.tensors} tensors   ${sample.data} data   ${sample.megabytes.toFixed(1)} MB resident`,
  );
}
const [first, last] = [samples[1]!, samples.at(-1)!];
const flat = first.tensors === last.tensors && first.data === last.data && last.megabytes < 1.1 * first.megabytes;
console.log(
  `${STEPS} steps: ${last.tensors - first.tensors} tensors and ${(last.megabytes - first.megabytes).toFixed(1)} MB more than after ${Math.ceil(STEPS / 10) * 2}`,
);
process.exitCode = flat && overhead <= MAX_OVERHEAD && compileMilliseconds <= MAX_COMPILE ? 0 : 1;
