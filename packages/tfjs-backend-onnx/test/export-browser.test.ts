import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportGraph, exportOnnx, registerOnnxBackend } from '../src/index.js';
import {
  type BrowserCase,
  findChromium,
  findRuntime,
  type PlainTensor,
  runInBrowser,
} from './browser/run-in-browser.js';
import { exported, labels, random, trainingStep } from './exported-models.js';

const chromium = findChromium();
const runtime = findRuntime();
const missing = [
  ...(chromium === undefined ? ['Chromium (CHROMIUM=path)'] : []),
  ...(runtime === undefined ? ['onnxruntime-web (ONNXRUNTIME_WEB=its dist folder)'] : []),
];

const plain = (t: tf.Tensor): PlainTensor => ({
  type: t.dtype as 'float32',
  dims: t.shape,
  data: Array.from(t.dataSync()),
});

describe('exported files in a browser', () => {
  beforeAll(async () => {
    registerOnnxBackend({ threads: 2, hostThreshold: 32 });
    await tf.setBackend('onnx');
  });

  const needs = missing.length > 0 ? ` [needs ${missing.join(' and ')}]` : '';
  const name = `run on onnxruntime-web in headless Chromium like on the backend${needs}`;
  it.skipIf(missing.length > 0)(name, async () => {
    const cases: BrowserCase[] = [];
    const expected: PlainTensor[] = [];
    for (const { make, input } of Object.values(exported)) {
      const fn = make();
      const model = exportOnnx(fn, [input(2)], { dynamicBatch: true });
      for (const batch of [1, 4]) {
        cases.push({ model, feeds: { input: plain(input(batch)) } });
        expected.push(plain(fn(input(batch))));
      }
    }
    const results = await runInBrowser(chromium!, runtime!, cases);
    for (const [i, { dims, data }] of expected.entries()) {
      const { output } = results[i]!;
      expect(output!.dims).toEqual(dims);
      expect(Float32Array.from(output!.data)).toBeAllclose(Float32Array.from(data), { rtol: 1e-5, atol: 1e-5 });
    }
  });

  it.skipIf(missing.length > 0)(`train there like on the backend, Adam's whole step${needs}`, async () => {
    const { step } = trainingStep(tf.train.adam(0.05));
    const inputs: [tf.Tensor, tf.Tensor] = [random([4, 8, 8, 2], 5), labels(4)];
    step(...inputs); // makes the slots of the optimiser
    const { bytes, states } = exportGraph(step, inputs, {
      dynamicBatch: true,
      inputNames: ['images', 'labels'],
      outputNames: ['loss'],
    });
    const cases: BrowserCase[] = [];
    const expected: Record<string, PlainTensor>[] = [];
    for (const batch of [4, 4, 6, 2]) {
      const [x, y] = [random([batch, 8, 8, 2], batch), labels(batch)];
      const before = states.map(({ variable, input }) => [input, plain(variable)] as const);
      cases.push({ model: bytes, feeds: { images: plain(x), labels: plain(y), ...Object.fromEntries(before) } });
      const loss = plain(step(x, y));
      expected.push({ loss, ...Object.fromEntries(states.map(({ variable, output }) => [output, plain(variable)])) });
    }
    const results = await runInBrowser(chromium!, runtime!, cases);
    for (const [i, outputs] of expected.entries()) {
      expect(Object.keys(results[i]!).sort()).toEqual(Object.keys(outputs).sort());
      for (const [name, { dims, data }] of Object.entries(outputs)) {
        expect(results[i]![name]!.dims, name).toEqual(dims);
        expect(results[i]![name]!.data, name).toBeAllclose(data, { rtol: 1e-5, atol: 1e-5 });
      }
    }
  });
});
