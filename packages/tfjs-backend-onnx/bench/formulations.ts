// Whether the rule that chooses between Toom-Cook and the direct forms is right on this machine: times a convolution with
// both gradients in either form, in turns, and says what the rule costs where it chooses the slower one.
// Usage: formulations.ts [rounds]; THREADS=2 for two.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { costOf, direct } from '../src/formulations/toom-cook-cost.js';
import type { AxisGeometry } from '../src/formulations/toom-cook-matrices.js';
import { type CompiledFunction, compile, type OnnxBackend, registerOnnxBackend } from '../src/index.js';

const [, , rounds = '7'] = process.argv;
registerOnnxBackend({ threads: Number(process.env['THREADS'] ?? 1) });
await tf.setBackend('onnx');
const options = (tf.backend() as OnnxBackend).options as { prefer: readonly string[] };

/** Batch, size of the image, channels, filters, kernel, step: of common networks, and some of none. */
const layers: readonly (readonly [number, number, number, number, number, number])[] = [
  [8, 56, 64, 64, 3, 1],
  [8, 28, 128, 128, 3, 1],
  [8, 14, 256, 256, 3, 1],
  [8, 7, 512, 512, 3, 1],
  [8, 56, 128, 128, 3, 2],
  [8, 14, 512, 512, 3, 2],
  [64, 16, 64, 64, 3, 1],
  [64, 8, 128, 128, 3, 1],
  [64, 4, 256, 256, 3, 1],
  [64, 12, 64, 128, 5, 1],
  [64, 32, 32, 64, 5, 1],
  [64, 32, 16, 32, 3, 1],
  [64, 32, 64, 128, 4, 2],
  [64, 16, 128, 256, 4, 2],
  [64, 8, 256, 512, 4, 2],
  [16, 14, 96, 160, 3, 1],
  [48, 9, 320, 200, 3, 1],
  [30, 22, 48, 72, 4, 2],
  [24, 31, 40, 40, 3, 1],
  [4, 112, 24, 24, 3, 1],
];
const forms = { 'toom-cook': ['toom-cook'], direct: ['batch-last', 'batch-last phases', 'wide'] } as const;

const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;
let [wrong, loss, all] = [0, 0, 0];
for (const [batch, size, channels, filters, k, step] of layers) {
  const x = tf.randomNormal<tf.Rank.R4>([batch, size, size, channels], 0, 1, 'float32', 1);
  const w = tf.randomNormal<tf.Rank.R4>([k, k, channels, filters], 0, 0.1, 'float32', 2);
  const gradients = tf.grads((a, b) => tf.sum(tf.square(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, step, 'same'))));
  const times = new Map<string, number[]>();
  const steps = new Map<string, CompiledFunction<(a: tf.Tensor, b: tf.Tensor) => tf.Tensor[]>>();
  for (const [name, prefer] of Object.entries(forms)) {
    options.prefer = prefer;
    const compiled = compile((a: tf.Tensor, b: tf.Tensor) => gradients([a, b]));
    for (let i = 0; i < 4; i++) tf.dispose(compiled(x, w));
    steps.set(name, compiled);
    times.set(name, []);
  }
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, run] of steps) {
      const before = process.cpuUsage();
      tf.dispose(run(x, w));
      const { user, system } = process.cpuUsage(before);
      times.get(name)!.push((user + system) / 1000);
    }
  }
  for (const run of steps.values()) run.dispose();
  tf.dispose([x, w]);
  const axis: AxisGeometry = { size, out: Math.ceil(size / step), kernel: k, stride: step, begin: (k - 1) >> 1 };
  const estimate =
    costOf([axis, axis], channels, filters, batch)!.time / direct([axis, axis], channels, filters, batch);
  const [toomCook, plain] = [median(times.get('toom-cook')!), median(times.get('direct')!)];
  const choice = estimate < 1 ? toomCook : plain;
  const best = Math.min(toomCook, plain);
  all += best;
  loss += choice - best;
  if (choice > 1.05 * best) wrong++;
  console.log(
    `B ${batch} ${size}x${size}x${channels} -> ${filters}, ${k}x${k}/${step}`.padEnd(36),
    `toom-cook ${toomCook.toFixed(1).padStart(7)} direct ${plain.toFixed(1).padStart(7)} ms, ratio ${(toomCook / plain).toFixed(2)}, estimate ${estimate.toFixed(2)}`,
    choice > 1.05 * best ? `rule loses ${((100 * (choice - best)) / best).toFixed(0)} %` : '',
  );
}
console.log(
  `the rule is wrong by more than 5 % in ${wrong} of ${layers.length}; it costs ${((100 * loss) / all).toFixed(1)} % of all`,
);
