import '@tensorflow/tfjs-layers';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dualEncoder } from '@crossmodal/alignment';
import { useDevice } from '@crossmodal/core/device';
import { saveOnnx } from '@crossmodal/core/models';
import { spectrogramEncoder } from '@crossmodal/encoders-audio';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder, loadImageEncoder, normalizations, residualEncoder } from '@crossmodal/encoders-vision';
import { huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let root: string;
beforeAll(async () => {
  await useDevice('cpu');
  root = await mkdtemp(join(tmpdir(), 'crossmodal-exports-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const picture = { data: new Float32Array(8 * 8 * 3).map((_, i) => (i % 256) / 255), shape: [8, 8, 3] as const };
const read = async (name: string) => JSON.parse(await readFile(join(root, name), 'utf8')) as Record<string, unknown>;

describe('an exported encoder', () => {
  it.each([
    ['convolutional', () => convolutionalEncoder({ size: 8, channels: [4], dimension: 3, seed: 1 })],
    [
      'normalised as CLIP',
      () => convolutionalEncoder({ size: 8, channels: [4], dimension: 3, seed: 1, ...normalizations.clip }),
    ],
    ['residual', () => residualEncoder({ size: 32, depth: 18, dimension: 3, seed: 1 })],
    ['of Hugging Face', () => loadImageEncoder(huggingFaceCase('vit').folder)],
  ] as const)('%s: the facts beside it make the pixels that it takes', async (name, make) => {
    const encoder = await make();
    const inputs = await encoder.prepare([picture]);
    const path = join(root, `${name}.onnx`);
    await saveOnnx(path, (x) => encoder.encode(x), inputs);
    const facts = await read(`${name}.preprocessing.json`);
    expect(facts).toMatchObject({ model: `${name}.onnx`, modality: 'image', layout: 'NHWC', colours: 'RGB' });
    const [, height, width] = inputs['pixels']!.shape as [number, number, number];
    expect(facts['inputs']).toEqual({ pixels: { shape: ['batch', height, width, 3], type: 'float32' } });
    const size = (facts['crop_size'] ?? facts['size']) as Record<string, number>;
    expect(size).toMatchObject({ height, width });
    // A picture of one colour is the same at any size: what the facts make of it is what the encoder makes of it.
    const [mean, deviation] = [facts['image_mean'], facts['image_std']] as unknown as [number[], number[]];
    const range = facts['range'] as unknown as { low: number[]; high: number[] };
    for (const [byte, bound] of [
      [0, range.low],
      [255, range.high],
      [100, undefined],
    ] as const) {
      const plain = { data: new Float32Array(8 * 8 * 3).fill(byte / 255), shape: [8, 8, 3] as const };
      const pixels = (await (await encoder.prepare([plain]))['pixels']!.data()).slice(0, 3);
      const byFacts = mean.map((m, i) => (byte * Number(facts['rescale_factor']) - m) / deviation[i]!);
      for (const [i, value] of byFacts.entries()) expect(pixels[i]).toBeCloseTo(value, 5);
      for (const [i, value] of (bound ?? []).entries()) expect(pixels[i]).toBeCloseTo(value, 5);
    }
  });

  it('of texts has its tokeniser beside it, and one inside a dual encoder its facts', async () => {
    const tokenizer = wordTokenizer({ corpus: ['red boat'] });
    const text = bagEncoder({ tokenizer, dimension: 3, maximumLength: 4, seed: 1 });
    const audio = spectrogramEncoder({
      sampleRate: 8000,
      seconds: 0.1,
      bands: 8,
      channels: [2],
      dimension: 3,
      seed: 1,
    });
    const model = dualEncoder({ encoders: { text, audio }, dimension: 2, seed: 1 });
    await saveOnnx(join(root, 'text.onnx'), (x) => model.embed('text', x), await text.prepare(['red']));
    const recording = { samples: new Float32Array(800), sampleRate: 8000 };
    await saveOnnx(join(root, 'audio.onnx'), (x) => model.embed('audio', x), await audio.prepare([recording]));
    expect(await read('text.preprocessing.json')).toMatchObject({
      modality: 'text',
      maximum_length: 4,
      padding: { side: 'right', id: tokenizer.paddingId },
      files: { 'tokenizer.json': 'text.tokenizer.json' },
      inputs: { ids: { shape: ['batch', 4], type: 'int32' }, mask: { shape: ['batch', 4], type: 'float32' } },
    });
    expect(await read('text.tokenizer.json')).toEqual(JSON.parse(JSON.stringify(tokenizer.toJSON!())));
    expect(await read('audio.preprocessing.json')).toMatchObject({
      modality: 'audio',
      sampleRate: 8000,
      seconds: 0.1,
      bands: 8,
    });
  });

  it('without facts has none beside it, and takes those that are given', async () => {
    const { pixels } = await convolutionalEncoder({ size: 8, channels: [2], dimension: 2, seed: 1 }).prepare([picture]);
    const inputs = { pixels: pixels! };
    await saveOnnx(join(root, 'bare.onnx'), (x) => tf.mul(x['pixels']!, 2), inputs);
    expect((await readdir(root)).filter((name) => name.startsWith('bare'))).toEqual(['bare.onnx']);
    await saveOnnx(join(root, 'bare.onnx'), (x) => tf.mul(x['pixels']!, 2), inputs, {
      preprocessing: { facts: { unit: 'metre' } },
    });
    expect(await read('bare.preprocessing.json')).toMatchObject({ unit: 'metre', model: 'bare.onnx' });
  });
});
