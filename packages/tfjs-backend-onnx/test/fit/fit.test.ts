import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import '@tensorflow/tfjs-backend-cpu';
import * as core from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type OnnxBackend, registerOnnxBackend } from '../../src/index.js';
import { lossesOfFit, type Tf } from './program.js';

const tf = { ...core, ...layers } as unknown as Tf;
const recorded = JSON.parse(readFileSync(new URL('tfjs-node.json', import.meta.url), 'utf8')) as {
  backend: string;
  losses: number[];
};

function loaded(name: string): boolean {
  try {
    createRequire(import.meta.url)(name);
    return true;
  } catch {
    return false;
  }
}

describe('an unmodified program with model.fit: loss by loss', () => {
  let losses: Float64Array;

  beforeAll(async () => {
    registerOnnxBackend({ threads: 2, hostThreshold: 32 });
    await tf.setBackend('onnx');
    losses = Float64Array.from(await lossesOfFit(tf));
    expect([...(tf.backend() as OnnxBackend).statistics.fallbacks.keys()]).toEqual([]);
    expect(losses.length).toBe(15);
    expect(losses[14]).toBeLessThan(losses[0]!);
  });

  it('as recorded on tfjs-node', () => {
    expect(recorded.backend).toBe('tensorflow');
    expect(losses).toBeAllclose(Float64Array.from(recorded.losses), { rtol: 2e-4, atol: 1e-6 });
  });

  it('as on backend cpu', async () => {
    await tf.setBackend('cpu');
    expect(losses).toBeAllclose(Float64Array.from(await lossesOfFit(tf)), { rtol: 2e-4, atol: 1e-6 });
  });

  // Loading it registers its kernels with the TensorFlow.js that is here already.
  it.runIf(loaded('@tensorflow/tfjs-node'))('as on tfjs-node, where it is installed', async () => {
    await tf.setBackend('tensorflow');
    expect(losses).toBeAllclose(Float64Array.from(await lossesOfFit(tf)), { rtol: 2e-4, atol: 1e-6 });
    await tf.setBackend('onnx');
  });
});
