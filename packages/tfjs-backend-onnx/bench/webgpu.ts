/**
 * One training step (784-256-10, ReLU, softmax cross-entropy, momentum, batch 64) three ways: as one graph on ONNX
 * Runtime's CPU provider, the same graph on its WebGPU provider with the weights in buffers of the graphics card, and
 * kernel by kernel on tfjs-backend-webgpu. Interleaved; milliseconds, best and median.
 *
 *   [NODE_PATH=folder with webgpu and @tensorflow/tfjs-backend-webgpu] pnpm run bench:webgpu [rounds]
 */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type ExportedGraph, exportGraph, registerOnnxBackend } from '../src/index.js';

const [, , rounds = '15'] = process.argv;
const [BATCH, INPUT, HIDDEN, CLASSES] = [64, 784, 256, 10];

interface Contender {
  name: string;
  step(): Promise<number>;
}

function program() {
  const weights = [
    tf.variable(tf.randomNormal([INPUT, HIDDEN], 0, 0.05, 'float32', 1), true, `w1 ${tf.getBackend()}`),
    tf.variable(tf.zeros([HIDDEN]), true, `b1 ${tf.getBackend()}`),
    tf.variable(tf.randomNormal([HIDDEN, CLASSES], 0, 0.05, 'float32', 2), true, `w2 ${tf.getBackend()}`),
    tf.variable(tf.zeros([CLASSES]), true, `b2 ${tf.getBackend()}`),
  ];
  const [w1, b1, w2, b2] = weights as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
  const optimizer = tf.train.momentum(0.05, 0.9);
  const step = (x: tf.Tensor, y: tf.Tensor) =>
    optimizer.minimize(
      () => {
        const hidden = tf.relu(tf.add(tf.matMul(x as tf.Tensor2D, w1 as tf.Tensor2D), b1));
        return tf.losses.softmaxCrossEntropy(
          y,
          tf.add(tf.matMul(hidden as tf.Tensor2D, w2 as tf.Tensor2D), b2),
        ) as tf.Scalar;
      },
      true,
      weights,
    )!;
  const x = tf.randomNormal([BATCH, INPUT], 0, 1, 'float32', 3);
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);
  const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES), 'float32'));
  return { step, x, y };
}

async function graphOn(
  provider: 'cpu' | 'webgpu',
  graph: ExportedGraph,
  feeds: Record<string, Tensor>,
): Promise<Contender> {
  const location = Object.fromEntries(graph.states.map(({ output }) => [output, 'gpu-buffer' as const]));
  const session = await InferenceSession.create(graph.bytes, {
    executionProviders: [provider],
    intraOpNumThreads: 2,
    logSeverityLevel: 3,
    ...(provider === 'webgpu' ? { preferredOutputLocation: location } : {}),
  });
  let current = { ...feeds };
  return {
    name: `one graph, ONNX Runtime on ${provider}`,
    step: async () => {
      const results = await session.run(current);
      const next = { ...current };
      for (const { input, output } of graph.states) {
        if (current[input] !== feeds[input]) current[input]!.dispose();
        next[input] = results[output]!;
      }
      current = next;
      return Number((await results['loss']!.getData())[0]);
    },
  };
}

registerOnnxBackend();
await tf.setBackend('onnx');
const { step, x, y } = program();
step(x, y).dispose(); // makes the optimiser's variables
const graph = exportGraph(step, [x, y], { inputNames: ['x', 'y'], outputNames: ['loss'] });
const tensor = (value: tf.Tensor) => new Tensor('float32', (value.dataSync() as Float32Array).slice(), value.shape);
const feeds: Record<string, Tensor> = { x: tensor(x), y: tensor(y) };
for (const { variable, input } of graph.states) feeds[input] = tensor(variable);

const contenders: Contender[] = [await graphOn('cpu', graph, feeds)];
try {
  contenders.push(await graphOn('webgpu', graph, feeds));
} catch (error) {
  console.log(`ONNX Runtime on webgpu: not here (${String(error).split('\n')[0]})`);
}
try {
  contenders.push(await kernelByKernel());
} catch (error) {
  console.log(`tfjs-backend-webgpu: not here (${String(error).split('\n')[0]})`);
}

async function kernelByKernel(): Promise<Contender> {
  /** Optional: neither package is a dependency of this one. */
  const load = (name: string): unknown => createRequire(import.meta.url)(name);
  const dawn = load('webgpu') as { create(options: string[]): object; globals: object };
  const scope = globalThis as unknown as Record<string, unknown>;
  Object.assign(globalThis, dawn.globals);
  for (const name of [
    'HTMLCanvasElement',
    'HTMLImageElement',
    'HTMLVideoElement',
    'ImageBitmap',
    'ImageData',
    'OffscreenCanvas',
  ])
    scope[name] ??= class {};
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: dawn.create([]) }, configurable: true });
  load('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend('webgpu');
  const here = program();
  return {
    name: 'kernel by kernel, tfjs-backend-webgpu',
    step: async () => {
      await tf.setBackend('webgpu');
      const loss = here.step(here.x, here.y);
      const value = (await loss.data())[0]!;
      loss.dispose();
      return value;
    },
  };
}

const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
const losses = new Map<string, number>();
for (let round = 0; round < Number(rounds) + 3; round++) {
  for (const { name, step: run } of contenders) {
    const start = performance.now();
    losses.set(name, await run());
    if (round >= 3) times.get(name)!.push(performance.now() - start);
  }
}
for (const [name, list] of times) {
  list.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(40)} best ${list[0]!.toFixed(2)}  median ${list[list.length >> 1]!.toFixed(2)} ms  last loss ${losses.get(name)!.toFixed(5)}`,
  );
}
process.exit(0); // Dawn keeps the process alive
