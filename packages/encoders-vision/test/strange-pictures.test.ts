import { stacked } from '@crossmodal/core/data';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  convolutionalEncoder,
  decodeImage,
  fitInto,
  imageDecoder,
  loadImages,
  normalizations,
  normalize,
  resize,
  toImage,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** A PNG whose colour depends on the place. */
function png(height: number, width: number): Promise<Buffer> {
  const data = Buffer.from(Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 31) % 256));
  return sharp(data, { raw: { height, width, channels: 3 } })
    .png()
    .toBuffer();
}

describe('pictures of extreme proportions', () => {
  it.each([
    [1, 30000],
    [30000, 1],
    [2, 60000],
  ])('of %i x %i take no longer than others', async (height, width) => {
    const bytes = await png(height, width);
    for (const fit of ['cover', 'contain', 'stretch'] as const) {
      const { user: before } = process.cpuUsage(); // of the processor: others may keep it busy meanwhile
      const picture = await decodeImage(bytes, { size: 224, fit });
      expect(picture.shape).toEqual([224, 224, 3]);
      const pixels = toImage(await decodeImage(bytes));
      expect(fitInto(pixels, { height: 224, width: 224, fit }).shape).toEqual([224, 224, 3]);
      expect((process.cpuUsage().user - before) / 1000).toBeLessThan(3000); // it was 51 s and 2 GB
    }
  });

  it('are not made so large that memory ends', () => {
    const pixels = toImage({ data: new Uint8Array(12), shape: [2, 2, 3] });
    expect(() => resize(pixels, { height: 100_000, width: 100_000 })).toThrow(/100000 x 100000 .* choose a smaller/);
  });

  it('are cut as if the whole had been resized', async () => {
    const pixels = toImage(await decodeImage(await png(3, 70)));
    const whole = resize(pixels, { height: 12, width: 280 });
    const cut = fitInto(pixels, { height: 12, width: 12 });
    const left = (280 - 12) / 2;
    const expected = Float32Array.from({ length: 12 * 12 * 3 }, (_, i) => {
      const [row, place] = [Math.floor(i / 36), i % 36];
      return whole.data[row * 280 * 3 + left * 3 + place] as number;
    });
    expect(cut.data).toBeAllclose(expected, { atol: 0, rtol: 0 });
  });
});

describe('names that do not exist', () => {
  const bad = [
    ['kernel', 'cubic', 'kernel must be one of nearest, bilinear, bicubic, lanczos, got cubic'],
    ['fit', 'crop', 'fit must be one of cover, contain, stretch, got crop'],
    ['background', 'no colour', "background must be a CSS colour or null, got 'no colour'"],
  ] as const;
  it.each(bad)('of %s are refused when the encoder is made, and no file is blamed', async (option, value, message) => {
    const options = { size: 8, [option]: value } as never;
    const encoder = () =>
      convolutionalEncoder({ ...(options as object), size: 8, channels: [2], dimension: 2, seed: 1 });
    expect(encoder).toThrow(`convolutionalEncoder: ${message}`);
    expect(() => imageDecoder(options)).toThrow(`imageDecoder: ${message}`);
    await expect(decodeImage(await png(4, 4), options)).rejects.toThrow(`decodeImage: ${message}`);
    await expect(loadImages([await png(4, 4)], options)).rejects.toThrow(`loadImages: ${message}`);
  });

  it('are refused by the transforms too', () => {
    const image = { data: new Float32Array(12), shape: [2, 2, 3] as const };
    expect(() => resize(image, { height: 1, width: 1, kernel: 'cubic' as never })).toThrow(
      'resize: kernel must be one of nearest, box',
    );
    expect(() => fitInto(image, { height: 1, width: 1, fit: 'crop' as never })).toThrow('fitInto: fit must be one of');
    expect(() => fitInto(image, { height: 1, width: 1, kernel: 'cubic' as never })).toThrow(
      'fitInto: kernel must be one of',
    );
  });
});

describe('pixels that are no numbers', () => {
  it('are an error', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const item = { data: Float32Array.of(0, 1, bad), shape: [1, 1, 3] };
      await expect(loadImages([item])).rejects.toThrow(`toImage: pixels must be finite, got ${bad} at index 2`);
      const encoder = convolutionalEncoder({ size: 1, channels: [2], dimension: 2, seed: 1 });
      await expect(encoder.prepare([item])).rejects.toThrow(`got ${bad} at index 2`);
      encoder.dispose();
    }
  });
});

describe('bytes', () => {
  it('become the numbers of the careful way, and nearly as fast as stacked columns', async () => {
    const side = 64;
    const items = Array.from({ length: 64 }, (_, k) => ({
      data: Uint8Array.from({ length: side * side * 3 }, (__, i) => (i * 7 + k) % 256),
      shape: [side, side, 3] as const,
    }));
    const { mean, standardDeviation } = normalizations.imagenet;
    const prepared = await loadImages(items, { size: side, mean, standardDeviation });
    const careful = normalize(toImage(items[0]!), { mean, standardDeviation });
    expect(tf.slice(prepared, 0, 1)).toBeAllclose(tf.tensor4d(careful.data, [1, side, side, 3]), { atol: 0, rtol: 0 });
    const column = stacked((item: (typeof items)[0]) => item, { scale: 1 / 255, mean, standardDeviation });
    expect(prepared).toBeAllclose(column(items), { atol: 1e-5 });
    const time = async (work: () => unknown) => {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 7; i++) {
        const start = performance.now();
        tf.dispose((await work()) as tf.Tensor);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    const direct = await time(() => column(items));
    const through = await time(() => loadImages(items, { size: side, mean, standardDeviation }));
    expect(through).toBeLessThan(4 * direct + 5); // it was twelve times
  });
});
