import { CrossmodalError, Random } from '@crossmodal/core';
import { golden } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type Image, loadTorchvisionWeights, residualEncoder, visionTransformerEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { folder, formulaWeights, h } from './formula-weights.js';

useTestBackend('cpu');

/** The reference input, [batch, 3, 64, 64], as [batch, 64, 64, 3]. */
function pixels(batch: number): tf.Tensor4D {
  const values = Float32Array.from({ length: batch * 3 * 64 * 64 }, (_, i) => 1.5 * h(1000, i));
  return tf.tidy(() => tf.transpose(tf.tensor4d(values, [batch, 3, 64, 64]), [0, 2, 3, 1]));
}

describe('residualEncoder against torchvision', () => {
  it.each([
    [18, 'resnet18'],
    [50, 'resnet50'],
  ] as const)('ResNet-%i: logits and stages in evaluation mode', async (depth, architecture) => {
    const { tensor, raw } = golden(new URL(`${architecture}_eval_b1_64.safetensors`, folder));
    const weights = formulaWeights(architecture);
    const encoder = residualEncoder({ depth, size: 64, dimension: 1000, seed: 1 });
    const unused = await loadTorchvisionWeights(encoder, weights);
    expect(unused.every((name) => name.endsWith('num_batches_tracked'))).toBe(true);
    const input = pixels(1);
    const start = tf.slice(tf.transpose(input, [0, 3, 1, 2]), [0, 0, 0, 0], [1, 1, 1, 64]);
    expect(tf.reshape(start, [64])).toBeAllclose((raw['in.x.first']!.data as Float32Array).slice(0, 64), {
      atol: 1e-6,
    });
    const logits = encoder.encode({ pixels: input });
    expect(logits).toBeAllclose(tensor('out.logits'), { rtol: 1e-4, atol: 1e-4 });
    encoder.dispose();
  });

  it('ResNet-18: logits in training mode, and the running means that follow', async () => {
    const { tensor } = golden(new URL('resnet18_train_b4_64.safetensors', folder));
    const encoder = residualEncoder({ depth: 18, size: 64, dimension: 1000, seed: 1 });
    await loadTorchvisionWeights(encoder, formulaWeights('resnet18'));
    const logits = encoder.encode({ pixels: pixels(4) }, { training: true });
    expect(logits).toBeAllclose(tensor('out.logits'), { rtol: 1e-3, atol: 2e-3 });
    const variables = encoder.namedVariables();
    for (const name of ['bn1', 'layer1.0.bn1', 'layer2.0.downsample.1', 'layer4.1.bn2']) {
      expect(variables[`${name}/moving_mean`]).toBeAllclose(tensor(`running.${name}.mean`), { rtol: 1e-3, atol: 1e-4 });
    }
    encoder.dispose();
  });
});

describe('residualEncoder', () => {
  const grey: Image = { data: new Float32Array(32 * 32 * 3).fill(0.5), shape: [32, 32, 3] };

  it('without a dimension gives the mean of the last map, which is the mean over its places', async () => {
    const encoder = residualEncoder({ depth: 18, size: 32, seed: 2 });
    expect(encoder.dimension).toBe(512);
    const inputs = await encoder.prepare([grey]);
    const { sequence } = encoder.encodeSequence!(inputs);
    expect(tf.mean(sequence, 1)).toBeAllclose(encoder.encode(inputs), { atol: 1e-5 });
    encoder.dispose();
  });

  it('takes small pictures through the small stem, draws by its seed, and frees all', async () => {
    const before = tf.memory().numTensors;
    const make = (seed: number) => residualEncoder({ depth: 18, size: 16, stem: 'small', dimension: 5, seed });
    const [a, b] = [make(1), make(2)];
    const inputs = await a.prepare([grey]);
    const [x, y] = [a.encode(inputs), b.encode(inputs)];
    expect(x.shape).toEqual([1, 5]);
    expect(() => expect(x).toBeAllclose(y)).toThrow(/differ/);
    const drawn = new Float32Array(3 * 3 * 3 * 64);
    new Random(1).fork('conv1').fillNormal(drawn);
    const kernel = a.namedVariables()['conv1/kernel']!;
    expect(await kernel.data()).toBeAllclose(
      drawn.map((v) => v * Math.sqrt(2 / (9 * 64))),
      { atol: 1e-7 },
    );
    tf.dispose([x, y, inputs['pixels']!]);
    a.dispose();
    b.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses weights that do not fit, and changes nothing then', async () => {
    const encoder = residualEncoder({ depth: 18, size: 32, seed: 3 });
    const weights = formulaWeights('resnet18');
    const before = await encoder.namedVariables()['conv1/kernel']!.data();
    const cut = new Map(weights);
    cut.delete('layer4.1.bn2.running_var');
    const error = await loadTorchvisionWeights(encoder, cut).catch((e: unknown) => e);
    expect(CrossmodalError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(
      /layer4\.1\.bn2\.running_var must be \[512\], but it is missing; check that/,
    );
    cut.set('layer4.1.bn2.running_var', { ...weights.get('bn1.running_var')! });
    await expect(loadTorchvisionWeights(encoder, cut)).rejects.toThrow(/must be \[512\], but it has shape \[64\]/);
    expect(await encoder.namedVariables()['conv1/kernel']!.data()).toEqual(before);
    expect(await loadTorchvisionWeights(encoder, weights)).toContain('fc.weight');
    await expect(loadTorchvisionWeights(encoder, 'absent.safetensors')).rejects.toThrow(/absent\.safetensors/);
    encoder.dispose();
    expect(() => residualEncoder({ depth: 101 as 50, size: 64, seed: 1 })).toThrow(/18, 34 or 50, got 101/);
    expect(() => residualEncoder({ depth: 18, size: 16, seed: 1 })).toThrow(/size must be .* at least 32, got 16/);
  });
});

describe('visionTransformerEncoder', () => {
  const options = { size: 8, patch: 4, dimension: 6, layers: 1, heads: 2, seed: 1 };
  const picture: Image = { data: Float32Array.from({ length: 192 }, (_, i) => (i % 7) / 7), shape: [8, 8, 3] };

  it('pools the class token or the mean of its patches, and frees all', async () => {
    const before = tf.memory().numTensors;
    for (const [pooling, length] of [
      ['class', 5],
      ['mean', 4],
    ] as const) {
      const encoder = visionTransformerEncoder({ ...options, pooling });
      const inputs = await encoder.prepare([picture]);
      const vector = encoder.encode(inputs);
      const { sequence } = encoder.encodeSequence!(inputs);
      expect(sequence.shape).toEqual([1, length, 6]);
      const expected = tf.tidy(() =>
        pooling === 'mean' ? tf.mean(sequence, 1) : tf.reshape(tf.slice(sequence, [0, 0, 0], [1, 1, 6]), [1, 6]),
      );
      expect(vector).toBeAllclose(expected, { atol: 1e-6 });
      tf.dispose([vector, sequence, expected, inputs['pixels']!]);
      encoder.dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('sees where a patch lies, and refuses what it cannot build', async () => {
    const encoder = visionTransformerEncoder(options);
    const mirrored: Image = { ...picture, data: Float32Array.from(picture.data).reverse() };
    const [a, b] = (await encoder.encode(await encoder.prepare([picture, mirrored])).array()) as number[][];
    expect(() => expect(a).toBeAllclose(b!, { atol: 1e-4 })).toThrow(/differ/);
    encoder.dispose();
    expect(() => visionTransformerEncoder({ ...options, patch: 3 })).toThrow(/patch must divide size, got 3 and 8/);
    expect(() => visionTransformerEncoder({ ...options, heads: 4 })).toThrow(
      /heads must divide dimension, got 4 and 6/,
    );
  });
});
