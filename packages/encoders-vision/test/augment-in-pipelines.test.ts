import { pipeline } from '@crossmodal/core/data';
import { describe, expect, it } from 'vitest';
import { convolutionalEncoder, randomCrop } from '../src/index.js';
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
