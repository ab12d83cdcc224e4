import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, describe, expect, it } from 'vitest';
import { type BackendOptions, compile, registerOnnxBackend } from '../src/index.js';
import { generator } from './random-networks.js';

const SIZE = 12;
const CLASSES = 4;
const BATCH = 32;
const STEPS = 100;
const HELD_OUT = 512;

/** A noisy bar at a random place; its direction is the class: horizontal, vertical, falling, rising. */
function bars(count: number, seed: number): { images: tf.Tensor4D; classes: Int32Array } {
  const random = generator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const classes = new Int32Array(count);
  const pixels = Float32Array.from({ length: count * SIZE * SIZE }, () => 0.3 * normal());
  const directions = [
    [0, 1],
    [1, 0],
    [1, 1],
    [-1, 1],
  ] as const;
  for (let i = 0; i < count; i++) {
    const kind = Math.floor(random() * CLASSES);
    classes[i] = kind;
    const [dy, dx] = directions[kind]!;
    const [y, x] = [3 + Math.floor(random() * 6), 3 + Math.floor(random() * 6)];
    for (let t = -2; t <= 2; t++) pixels[(i * SIZE + y + t * dy) * SIZE + x + t * dx]! += 1;
  }
  return { images: tf.tensor4d(pixels, [count, SIZE, SIZE, 1]), classes };
}

function network(seed: number): tfl.Sequential {
  const kernel = (layer: number) => ({
    kernelInitializer: tfl.initializers.glorotUniform({ seed: 10 * seed + layer }),
  });
  const conv = (filters: number, kernelSize: number, layer: number) =>
    tfl.layers.conv2d({ filters, kernelSize, padding: 'same', activation: 'relu', ...kernel(layer) });
  return tfl.sequential({
    layers: [
      tfl.layers.inputLayer({ inputShape: [SIZE, SIZE, 1] }),
      conv(8, 5, 0),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      conv(16, 3, 1),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: CLASSES, ...kernel(2) }),
    ],
  });
}

interface Run {
  accuracy: number;
  losses: number[];
  kernel: Float32Array;
}

async function train(seed: number, options: BackendOptions): Promise<Run> {
  registerOnnxBackend({ threads: 1, hostThreshold: 32, ...options });
  await tf.setBackend('onnx');
  const model = network(seed);
  const optimizer = tf.train.adam(0.005);
  const step = compile((x: tf.Tensor, y: tf.Tensor) =>
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x) as tf.Tensor) as tf.Scalar, true),
  );
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const { images, classes } = bars(BATCH, 1000 * seed + i);
    const y = tf.oneHot(tf.tensor1d(classes, 'int32'), CLASSES);
    const loss = step(images, y)!;
    losses.push(loss.dataSync()[0]!);
    tf.dispose([images, y, loss]);
  }
  const { images, classes } = bars(HELD_OUT, 77);
  const predicted = tf.tidy(() => tf.argMax(model.apply(images) as tf.Tensor, 1).dataSync());
  const accuracy = classes.reduce((right, kind, i) => right + Number(predicted[i] === kind), 0) / HELD_OUT;
  const kernel = Float32Array.from(model.getWeights()[2]!.dataSync());
  step.dispose();
  tf.removeBackend('onnx');
  return { accuracy, losses, kernel };
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / (values.length - 1));

describe('training with forms that save multiplications', () => {
  afterEach(() => tf.disposeVariables());

  it('reaches the accuracy of training without them, within the noise of the seed', async () => {
    const seeds = [1, 2, 3];
    const exact: Run[] = [];
    const saving: Run[] = [];
    for (const seed of seeds) {
      exact.push(await train(seed, { exact: true }));
      saving.push(await train(seed, { prefer: ['toom-cook'] }));
    }
    const [a, b] = [exact, saving].map((runs) => runs.map(({ accuracy }) => accuracy)) as [number[], number[]];
    // Chance is one in four.
    expect(Math.min(...a, ...b)).toBeGreaterThan(0.9);
    const noise = Math.max(deviation(a), deviation(b), 0.01);
    expect(Math.abs(mean(a) - mean(b))).toBeLessThan(2 * noise);
    seeds.forEach((_, i) => {
      // The same function at first; other roundings, so it is the other form that ran.
      expect(saving[i]!.losses.slice(0, 5)).toBeAllclose(exact[i]!.losses.slice(0, 5), { rtol: 1e-3 });
      expect(saving[i]!.kernel).not.toEqual(exact[i]!.kernel);
    });
  });
});
