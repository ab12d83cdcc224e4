import { join } from 'node:path';
import { golden } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { loadImageEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const models = process.env['CROSSMODAL_MODELS'];
const folder = new URL('./golden/real/', import.meta.url);

/** The pictures of scripts/golden/real_weights.py, in our order of axes. */
function formulaPictures(): tf.Tensor4D {
  const [batch, side] = [2, 224];
  const values = new Float32Array(batch * side * side * 3);
  for (let n = 0, at = 0; n < batch; n++) {
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        for (let c = 0; c < 3; c++) values[at++] = Math.sin(0.05 * (i + 2 * n)) * Math.cos(0.07 * j + c);
      }
    }
  }
  return tf.tensor4d(values, [batch, side, side, 3]);
}

// Nothing of the weights is in the repository: CROSSMODAL_MODELS names a folder that holds efficientnet-lite0.
it.skipIf(models === undefined)(
  'EfficientNet-Lite0 of ImageNet: logits as its PyTorch implementation has them (needs CROSSMODAL_MODELS)',
  async () => {
    const encoder = await loadImageEncoder(join(models!, 'efficientnet-lite0'), {
      config: { architecture: 'efficientnet_lite0' },
    });
    const pixels = formulaPictures();
    const logits = encoder.logits!({ pixels });
    const expected = golden(new URL('efficientnet-lite0.safetensors', folder)).tensor('logits');
    expect(logits).toBeAllclose(expected, { rtol: 1e-4, atol: 1e-4 });
    expect(Array.from(tf.argMax(logits, 1).dataSync())).toEqual(Array.from(tf.argMax(expected, 1).dataSync()));
    tf.dispose([pixels, logits, expected]);
    encoder.dispose();
  },
  60_000,
);
