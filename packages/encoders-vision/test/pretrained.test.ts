import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryFile } from '@crossmodal/core';
import { openFolder, saveFolder } from '@crossmodal/core/models';
import { safetensorsPieces } from '@crossmodal/core/safetensors';
import { readSafetensors } from '@crossmodal/core/safetensors/files';
import { golden, goldenIndex, huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  convolutionalEncoder,
  linearEncoder,
  loadImageEncoder,
  residualEncoder,
  visionTransformerEncoder,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossmodal-vision-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const images = new URL('./golden/', import.meta.url);
const photo = fileURLToPath(new URL('images/photo.jpg', images));

interface Case {
  name: string;
  preprocessor_config?: object;
}

describe('preprocessing as preprocessor_config.json says', () => {
  const { cases } = goldenIndex<{ cases: Case[] }>(images);
  it.each(cases.filter((entry) => entry.preprocessor_config).map(({ name }) => name))('%s', async (name) => {
    const { preprocessor_config: config } = cases.find((entry) => entry.name === name)!;
    const files = new Map(await openFolder(huggingFaceCase('vit').folder));
    files.set('preprocessor_config.json', memoryFile(JSON.stringify(config), { label: 'here' }));
    const encoder = await loadImageEncoder(files);
    const expected = golden(new URL(`${name}.safetensors`, images));
    for (const image of ['grey16', 'rgba', 'photo']) {
      const path = image === 'photo' ? photo : fileURLToPath(new URL(`images/${image}.png`, images));
      const { pixels } = await encoder.prepare([path]);
      const wanted = tf.transpose(expected.tensor(`out.${image}`), [1, 2, 0]);
      // A JPEG decodes to within two steps of 255; the others bit by bit.
      expect(tf.squeeze(pixels!, [0])).toBeAllclose(wanted, { atol: image === 'photo' ? 0.04 : 2e-6 });
    }
  });
});

describe('own encoders', () => {
  const made = {
    convolutional: () => convolutionalEncoder({ size: 16, channels: [4, 8], dimension: 6, seed: 1 }),
    transformer: () => visionTransformerEncoder({ size: 16, patch: 8, layers: 1, heads: 2, dimension: 8, seed: 1 }),
    residual: () => residualEncoder({ depth: 18, size: 32, stem: 'small', dimension: 4, seed: 1 }),
  };
  it.each(Object.keys(made) as (keyof typeof made)[])('%s: saved and loaded, gives the same vectors', async (name) => {
    const encoder = made[name]();
    const path = join(folder, name);
    await saveFolder(path, encoder as Required<typeof encoder>);
    const again = await loadImageEncoder(path);
    const inputs = await encoder.prepare([photo]);
    expect((await again.prepare([photo]))['pixels']!).toBeAllclose(inputs['pixels']!, { atol: 0, rtol: 0 });
    expect(again.encode(inputs)).toBeAllclose(encoder.encode(inputs), { atol: 0, rtol: 0 });
  });

  it('linear: saved and loaded', async () => {
    const encoder = linearEncoder({ features: 3, dimension: 2, seed: 1 });
    const again = await loadImageEncoder(await encoder.files!());
    const features = tf.tensor2d([[1, 2, 3]]);
    expect(again.encode({ features })).toBeAllclose(encoder.encode({ features }), { atol: 0, rtol: 0 });
  });
});

describe('folders in the layout of Hugging Face', () => {
  it.each([
    ...['vit', 'vit_classifier', 'deit', 'dinov2_registers', 'clip', 'siglip'],
    ...['resnet_bottleneck', 'mobilenet_v2', 'efficientnet'],
  ])('%s: saved and loaded, gives the same vectors', async (name) => {
    const encoder = await loadImageEncoder(huggingFaceCase(name).folder);
    const path = join(folder, `hf-${name}`);
    await saveFolder(path, encoder);
    const again = await loadImageEncoder(path);
    const pixels = tf.transpose(huggingFaceCase(name).tensor('in.pixel_values'), [0, 2, 3, 1]);
    expect(again.encode({ pixels })).toBeAllclose(encoder.encode({ pixels }), { atol: 0, rtol: 0 });
    expect(Object.keys(again.namedVariables())).toEqual(Object.keys(encoder.namedVariables()));
  });

  it('takes another size than it was trained on', async () => {
    const encoder = await loadImageEncoder(huggingFaceCase('vit').folder, { size: [24, 40] });
    const inputs = await encoder.prepare([photo]);
    expect(inputs['pixels']!.shape).toEqual([1, 24, 40, 3]);
    expect(encoder.encodeSequence(inputs).sequence.shape).toEqual([1, 1 + 3 * 5, 32]);
  });

  it('names a processor whose steps no key tells, and pictures of other channels', async () => {
    const files = new Map(await openFolder(huggingFaceCase('vit').folder));
    const write = (name: string, values: object) =>
      files.set(name, memoryFile(JSON.stringify(values), { label: `models/x/${name}` }));
    write('preprocessor_config.json', { image_processor_type: 'LevitImageProcessor', size: { shortest_edge: 28 } });
    await expect(loadImageEncoder(files)).rejects.toThrow(
      /x\/preprocessor_config\.json: image_processor_type must be one of BitImageProcessor, .*, got 'LevitImageProcessor'/,
    );
    write('preprocessor_config.json', { image_processor_type: 'ViTImageProcessorFast', size: { height: 8, width: 8 } });
    const encoder = await loadImageEncoder(files);
    expect((await encoder.prepare([photo]))['pixels']!.shape).toEqual([1, 8, 8, 3]);
    write('preprocessor_config.json', { feature_extractor_type: 'ViTFeatureExtractor', size: 8 });
    expect((await (await loadImageEncoder(files)).prepare([photo]))['pixels']!.shape).toEqual([1, 8, 8, 3]);
    const { tensors } = await readSafetensors(join(huggingFaceCase('vit').folder, 'model.safetensors'));
    const name = 'embeddings.patch_embeddings.projection.weight';
    const { shape, bytes, dtype } = tensors.get(name)!;
    const grey = [shape[0]!, 1, shape[2]!, shape[3]!];
    const weights = new Map(tensors).set(name, { dtype, shape: grey, bytes: bytes.subarray(0, bytes.length / 3) });
    files.set('model.safetensors', memoryFile(safetensorsPieces(weights), { label: 'grey' }));
    write('config.json', { ...encoder.config, num_channels: 1 });
    const one = await loadImageEncoder(files);
    await expect(one.prepare([photo])).rejects.toThrow(
      /pictures become three channels, this model takes 1; make pixels \[batch, height, width, 1\]/,
    );
    expect(one.encode({ pixels: tf.zeros([2, 32, 32, 1]) }).shape).toEqual([2, 32]);
  });

  it('names another architecture', async () => {
    await expect(loadImageEncoder(huggingFaceCase('bert_one').folder)).rejects.toThrow(
      /model_type must be one of clip, .* got 'bert'/,
    );
    await expect(
      loadImageEncoder(huggingFaceCase('vit').folder, { config: { architecture: 'vgg16' } }),
    ).rejects.toThrow(/got 'vgg16'/);
  });
});
