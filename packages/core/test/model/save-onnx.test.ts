import '@tensorflow/tfjs-backend-cpu';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerOnnxBackend } from '@crossmodal/tfjs-backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random, randomNormal } from '../../src/index.js';
import {
  groupNormalization,
  l2NormalizeLayer,
  maskedPooling,
  spectralNormalization,
  transformerBlock,
} from '../../src/layers/index.js';
import { saveModelOnnx, saveOnnx } from '../../src/models/index.js';

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-onnx-'));
beforeAll(async () => {
  registerOnnxBackend({ hostThreshold: 32 });
  await tf.setBackend('onnx');
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const feed = (x: tf.Tensor) => new OrtTensor('float32', Float32Array.from(x.dataSync()), x.shape);
const noise = (shape: number[], seed: number) => randomNormal(shape, { random: new Random(seed) });

test('a convolutional model gives the same numbers in ONNX Runtime, for any number of rows', async () => {
  const initializer = tfl.initializers.glorotUniform({ seed: 1 });
  const model = tfl.sequential({
    layers: [
      spectralNormalization({
        layer: tfl.layers.conv2d({
          filters: 6,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          kernelInitializer: initializer,
        }),
        inputShape: [8, 8, 3],
      }),
      groupNormalization({ groups: 2 }),
      tfl.layers.reLU(),
      tfl.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
      tfl.layers.dense({ units: 4, kernelInitializer: initializer }),
      l2NormalizeLayer(),
    ],
  });
  const file = join(temporary, 'model.onnx');
  await saveModelOnnx(file, model, { inputNames: ['pixels'], outputNames: ['embedding'] });
  const session = await InferenceSession.create(file);
  for (const rows of [1, 5]) {
    const x = noise([rows, 8, 8, 3], rows);
    const { embedding } = await session.run({ pixels: feed(x) });
    expect(embedding!.dims).toEqual([rows, 4]);
    expect(embedding!.data as Float32Array).toBeAllclose(model.predict(x) as tf.Tensor, { rtol: 1e-4, atol: 1e-5 });
  }
});

test('a Transformer over named inputs with a mask', async () => {
  const features = tfl.input({ shape: [5, 6] });
  const mask = tfl.input({ shape: [5] });
  const hidden = transformerBlock({ heads: 2, seed: 1 }).apply([features, mask]) as tfl.SymbolicTensor;
  const model = tfl.model({
    inputs: [features, mask],
    outputs: maskedPooling().apply([hidden, mask]) as tfl.SymbolicTensor,
  });
  const examples = {
    features: noise([2, 5, 6], 3),
    mask: tf.tensor2d([
      [1, 1, 0, 0, 0],
      [1, 1, 1, 1, 1],
    ]),
  };
  const encode = (inputs: Record<string, tf.Tensor>) =>
    model.apply([inputs['features']!, inputs['mask']!]) as tf.Tensor;
  const file = join(temporary, 'text.onnx');
  const before = tf.memory().numTensors;
  await saveOnnx(file, encode, examples, { outputNames: ['sentence'] });
  expect(tf.memory().numTensors).toBe(before);
  const session = await InferenceSession.create(file);
  expect([...session.inputNames].sort()).toEqual(['features', 'mask']);
  const { sentence } = await session.run({ features: feed(examples.features), mask: feed(examples.mask) });
  expect(sentence!.data as Float32Array).toBeAllclose(encode(examples), { rtol: 1e-4, atol: 1e-5 });
});

test('another backend says what to do; open dimensions are refused; nothing is written', async () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [null, 3] })] });
  await expect(saveModelOnnx(join(temporary, 'a.onnx'), model)).rejects.toThrow('use saveOnnx with examples');
  await tf.setBackend('cpu');
  await expect(saveOnnx(join(temporary, 'a.onnx'), ({ x }) => x!, { x: tf.zeros([1]) })).rejects.toThrow(
    "the backend 'cpu' cannot export; save the model with saveModel",
  );
  expect(existsSync(join(temporary, 'a.onnx'))).toBe(false);
  expect(readdirSync(temporary).every((name) => name.endsWith('.onnx'))).toBe(true);
});
