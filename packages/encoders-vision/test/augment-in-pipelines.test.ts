import { Random } from '@crossmodal/core';
import { pipeline } from '@crossmodal/core/data';
import { openFolder } from '@crossmodal/core/models';
import { huggingFaceCase } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import {
  convolutionalEncoder,
  type Image,
  loadImageEncoder,
  randomCrop,
  visionTransformerEncoder,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

describe('augmentation in a pipeline', () => {
  const picture = { data: Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 37) % 256), shape: [8, 8, 3] };
  const make = () =>
    convolutionalEncoder({
      size: 8,
      channels: [2],
      dimension: 2,
      augment: (image, random) => randomCrop(image, { random, padding: 4 }),
      seed: 1,
    });

  it('changes each batch in its own way, and alike in each run', async () => {
    const encoder = make();
    const rows = pipeline(Array.from({ length: 10 }, () => picture)).map(
      async (row, { random }) => {
        const { pixels } = await encoder.prepare([row], { training: true, random });
        const key = Array.from(await pixels!.data()).join();
        pixels!.dispose();
        return key;
      },
      { seed: 1 },
    );
    const epochs = [await rows.toArray(), await rows.toArray()];
    expect(epochs[1]).toEqual(epochs[0]);
    // 81 places of a crop: ten draws that agree twice or thrice are usual, ten equal ones are the defect.
    expect(new Set(epochs[0]).size).toBeGreaterThan(5);
    encoder.dispose();
  });

  it('says where the generator comes from', async () => {
    const encoder = make();
    await expect(encoder.prepare([picture], { training: true })).rejects.toThrow(
      'prepare: augmentation needs options.random; in a pipeline pass on what it gives, rows.map((row, { random }) =>',
    );
    encoder.dispose();
  });
});

describe('augmentation comes before normalisation', () => {
  type Augment = { augment?: (image: Image) => Image };
  const size = 16;
  const normalisation = { mean: 0.25, standardDeviation: 0.5 };
  const encoders = {
    convolutional: async (options: Augment) =>
      convolutionalEncoder({ ...{ size, channels: [2], dimension: 2, seed: 1 }, ...normalisation, ...options }),
    transformer: async (options: Augment) =>
      visionTransformerEncoder({
        ...{ size, patch: 8, layers: 1, heads: 2, dimension: 8, seed: 1 },
        ...normalisation,
        ...options,
      }),
    pretrained: async (options: Augment) => loadImageEncoder(await openFolder(huggingFaceCase('vit').folder), options),
  };
  const grey = (byte: number) => ({ data: new Uint8Array(size * size * 3).fill(byte), shape: [size, size, 3] });

  it.each(Object.keys(encoders) as (keyof typeof encoders)[])('%s', async (name) => {
    const seen: number[] = [];
    const augment = ({ data, shape }: Image): Image => {
      seen.push(...data);
      return { data: data.map((value) => value / 2), shape };
    };
    const [changing, still] = [await encoders[name]({ augment }), await encoders[name]({})];
    const { pixels: half } = await changing.prepare([grey(200)], { training: true, random: new Random(1) });
    const { pixels: dark } = await still.prepare([grey(100)]);
    expect([...new Set(seen)]).toEqual([Math.fround(200 / 255)]);
    expect(half!).toBeAllclose(dark!, { atol: 1e-6 });
    for (const tensor of [half, dark]) tensor!.dispose();
    for (const encoder of [changing, still]) encoder.dispose();
  });
});
