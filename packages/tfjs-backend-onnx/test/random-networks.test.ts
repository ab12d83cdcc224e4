import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, type OnnxBackend, registerOnnxBackend } from '../src/index.js';
import { randomNetwork } from './random-networks.js';

/** `TFJS_ONNX_NETWORKS=500` tries more of them, `TFJS_ONNX_NETWORKS=1 TFJS_ONNX_FIRST=137` one alone. */
const COUNT = Number(process.env['TFJS_ONNX_NETWORKS'] ?? 30);
const FIRST = Number(process.env['TFJS_ONNX_FIRST'] ?? 1);
const STEPS = 3;

interface Result {
  losses: number[];
  weights: { name: string; values: Float32Array }[];
  layers: string[];
}

/** Trains for a few steps; on backend `onnx` the last of them replay a compiled graph. */
async function train(backend: 'cpu' | 'onnx', seed: number): Promise<Result> {
  await tf.setBackend(backend);
  const { model, x, y, optimizer, layers } = randomNetwork(seed);
  const plain = (images: tf.Tensor, labels: tf.Tensor) =>
    optimizer.minimize(
      () =>
        tf.losses.softmaxCrossEntropy(
          labels,
          tf.log(tf.add(model.apply(images, { training: true }) as tf.Tensor, 1e-3)),
        ) as tf.Scalar,
      true,
      trained(model),
    )!;
  const step = backend === 'onnx' ? compile(plain) : undefined;
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const loss = (step ?? plain)(x, y);
    losses.push(loss.dataSync()[0]!);
    loss.dispose();
  }
  const weights = model.weights.map((w) => ({
    name: w.originalName.replace(/^.*\//, ''),
    values: w.read().dataSync().slice() as Float32Array,
  }));
  step?.dispose();
  tf.dispose([x, y]);
  optimizer.dispose();
  model.dispose();
  return { losses, weights, layers };
}

const trained = (model: tfl.LayersModel): tf.Variable[] =>
  model.trainableWeights.map((w) => (w as unknown as { val: tf.Variable }).val);

describe('random networks', () => {
  beforeAll(() => {
    registerOnnxBackend({ threads: 2, hostThreshold: 0 });
  });

  it.each(Array.from({ length: COUNT }, (_, i) => [FIRST + i]))(
    'network %d: a compiled training step equals that of backend cpu',
    async (seed) => {
      const expected = await train('cpu', seed);
      const actual = await train('onnx', seed);
      const what = expected.layers.join(' > ');
      expect([...(tf.backend() as OnnxBackend).statistics.fallbacks.keys()], what).toEqual([]);
      expect(Float64Array.from(actual.losses), what).toBeAllclose(Float64Array.from(expected.losses), {
        rtol: 1e-4,
        atol: 1e-5,
      });
      expect(actual.weights.map(({ name }) => name)).toEqual(expected.weights.map(({ name }) => name));
      actual.weights.forEach(({ values }, i) => {
        expect(values, what).toBeAllclose(expected.weights[i]!.values, { rtol: 1e-3, atol: 1e-4 });
      });
    },
  );

  it('the same network trained twice, on fresh backends, has the same bits', async () => {
    const bytes: Buffer[] = [];
    for (let run = 0; run < 2; run++) {
      tf.removeBackend('onnx');
      registerOnnxBackend({ threads: 2, hostThreshold: 32 });
      const { losses, weights } = await train('onnx', 3);
      bytes.push(
        Buffer.concat(
          [Float64Array.from(losses), ...weights.map(({ values }) => values)].map((a) => Buffer.from(a.buffer)),
        ),
      );
    }
    expect(bytes[0]!.length).toBeGreaterThan(100);
    expect(bytes[0]!.equals(bytes[1]!)).toBe(true);
  });
});
