import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, registerOnnxBackend } from '../../src/index.js';
import { firstFailure } from './programs.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

/** `pnpm --filter @crossmodal/tfjs-backend-onnx run test:games` runs thousands. */
describe('random programs have the numbers of a reference that copies everything', () => {
  it('short ones', async () => {
    expect(await firstFailure(compile, { seeds: from(1, 200), length: 15 })).toBeUndefined();
  });

  it('long ones', async () => {
    expect(await firstFailure(compile, { seeds: from(1, 40), length: 80 })).toBeUndefined();
  });
});
