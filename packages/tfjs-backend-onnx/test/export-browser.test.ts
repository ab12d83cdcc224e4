import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx, registerOnnxBackend } from '../src/index.js';
import {
  type BrowserCase,
  findChromium,
  findRuntime,
  type PlainTensor,
  runInBrowser,
} from './browser/run-in-browser.js';
import { exported } from './exported-models.js';

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
    registerOnnxBackend({ threads: 2 });
    await tf.setBackend('onnx');
  });

  const name = `run on onnxruntime-web in headless Chromium like on the backend${missing.length > 0 ? ` [needs ${missing.join(' and ')}]` : ''}`;
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
});
