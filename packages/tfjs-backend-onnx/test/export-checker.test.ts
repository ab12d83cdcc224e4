import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx, registerOnnxBackend } from '../src/index.js';
import { exported, labels, random, trainingStep } from './exported-models.js';

const python = process.env['ONNX_PYTHON'];

/** The checker of the Python package `onnx`, with strict inference of types and shapes. */
const script = `
import sys, onnx
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
print(*sorted({f"{s.domain or 'ai.onnx'} {s.version}" for s in model.opset_import}), sep=',')
`;

describe(`exported files before onnx.checker${python === undefined ? ' [needs ONNX_PYTHON=a python3 with the package onnx]' : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-onnx-checker-'));
  beforeAll(async () => {
    registerOnnxBackend({ threads: 2, hostThreshold: 32 });
    await tf.setBackend('onnx');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const files: Record<string, () => Uint8Array> = {
    ...Object.fromEntries(
      Object.entries(exported).flatMap(([name, { make, input }]) => [
        [`${name}, any batch size`, () => exportOnnx(make(), [input(2)], { dynamicBatch: true })],
        [`${name}, fixed`, () => exportOnnx(make(), [input(2)])],
      ]),
    ),
    ...Object.fromEntries(
      (['momentum', 'adam'] as const).map((rule) => [
        `a training step (${rule})`,
        () => {
          const { step } = trainingStep(rule === 'adam' ? tf.train.adam(0.05) : tf.train.momentum(0.05, 0.9));
          const inputs: [tf.Tensor, tf.Tensor] = [random([4, 8, 8, 2], 5), labels(4)];
          step(...inputs); // makes the slots of the optimiser
          const bytes = exportOnnx(step, inputs, { dynamicBatch: true, inputNames: ['images', 'labels'] });
          tf.disposeVariables();
          return bytes;
        },
      ]),
    ),
  };

  it.skipIf(python === undefined).each(Object.entries(files))('%s', async (name, make) => {
    const file = join(folder, `${Object.keys(files).indexOf(name)}.onnx`);
    writeFileSync(file, make());
    const { stdout } = await promisify(execFile)(python!, ['-c', script, file]);
    expect(stdout.trim()).toBe('ai.onnx 18');
  });
});
