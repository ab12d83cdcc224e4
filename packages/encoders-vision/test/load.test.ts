import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CrossmodalError } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage, imageDecoder, loadImages, toImage } from '../src/index.js';

const image = (name: string) => fileURLToPath(new URL(`./golden/images/${name}`, import.meta.url));
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'crossmodal-images-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A picture of one colour, [height, width], with a black left edge of `edge` columns. */
function plain(height: number, width: number, colour: sharp.Color, edge = 0) {
  const base = sharp({ create: { width, height, channels: 4, background: colour } });
  if (edge === 0) return base.png().toBuffer();
  const bar = { create: { width: edge, height, channels: 3 as const, background: 'black' } };
  return base
    .composite([{ input: bar, left: 0, top: 0 }])
    .png()
    .toBuffer();
}

describe('decodeImage', () => {
  it('blends alpha on the background, or drops it', async () => {
    const half = await plain(2, 2, { r: 200, g: 0, b: 100, alpha: 0.5 });
    const first = async (background?: string | null) =>
      [...(await decodeImage(half, { background })).data.subarray(0, 3)] as number[];
    expect(await first()).toBeAllclose([227, 127, 177], { atol: 1, rtol: 0 });
    expect(await first('#000000')).toBeAllclose([100, 0, 50], { atol: 1, rtol: 0 });
    expect(await first(null)).toEqual([200, 0, 100]);
    const clear = await plain(8, 8, { r: 200, g: 0, b: 100, alpha: 0.25 });
    const small = await decodeImage(clear, { size: 4, background: null });
    expect([...small.data.subarray(0, 3)]).toEqual([200, 0, 100]);
  });

  it('covers, contains and stretches, shrinking and enlarging alike', async () => {
    const sizes = [
      [40, 80],
      [4, 8],
    ] as const;
    for (const [height, width] of sizes) {
      const bytes = await plain(height, width, 'red', width / 4);
      const middle = async (fit: 'cover' | 'contain' | 'stretch') => {
        const { data, shape } = await decodeImage(bytes, { size: 16, fit, kernel: 'nearest', background: 'lime' });
        expect(shape).toEqual([16, 16, 3]);
        const name = (y: number, x: number) => {
          const at = (y * 16 + x) * 3;
          return data[at] === 255 ? 'r' : data[at + 1] === 255 ? 'g' : 'k';
        };
        const places = Array.from({ length: 16 }, (_, i) => i);
        return [places.map((x) => name(8, x)).join(''), places.map((y) => name(y, 8)).join('')];
      };
      expect(await middle('stretch')).toEqual(['kkkkrrrrrrrrrrrr', 'rrrrrrrrrrrrrrrr']);
      expect(await middle('cover')).toEqual(['rrrrrrrrrrrrrrrr', 'rrrrrrrrrrrrrrrr']);
      expect(await middle('contain')).toEqual(['kkkkrrrrrrrrrrrr', 'ggggrrrrrrrrgggg']);
    }
  });

  it('obeys the orientation tag', async () => {
    const upright = await plain(4, 8, 'red', 2);
    const turned = await sharp(upright)
      .removeAlpha()
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer();
    const { data, shape } = await decodeImage(turned);
    expect(shape).toEqual([8, 4, 3]);
    expect(data[0]).toBeLessThan(60);
    expect(data[7 * 4 * 3]).toBeGreaterThan(200);
    expect((await decodeImage(turned, { size: [4, 2] })).shape).toEqual([4, 2, 3]);
  });

  it('draws an SVG sharply at the size asked for', async () => {
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="4" height="8" fill="#f00"/></svg>',
    );
    const { data, shape } = await decodeImage(svg, { size: 64 });
    expect(shape).toEqual([64, 64, 3]);
    // A hard edge: no blended column further than one place from the middle.
    const pixel = (x: number) => [...data.subarray((32 * 64 + x) * 3, (32 * 64 + x) * 3 + 3)];
    for (const x of [0, 10, 30]) expect(pixel(x)).toEqual([255, 0, 0]);
    for (const x of [33, 50, 63]) expect(pixel(x)).toEqual([255, 255, 255]);
  });

  it('turns grey into three equal channels', async () => {
    const { data, shape } = await decodeImage(image('grey.png'), { size: 10 });
    expect(shape).toEqual([10, 10, 3]);
    for (let i = 0; i < data.length; i += 3) expect(data[i] === data[i + 1] && data[i] === data[i + 2]).toBe(true);
  });

  it('names the file and the remedy when the file is bad', async () => {
    const jpeg = await readFile(image('photo.jpg'));
    const bad: [string, Uint8Array, RegExp][] = [
      ['empty.png', new Uint8Array(0), /empty\.png is empty \(0 bytes\); write the file again/],
      [
        'cut.jpg',
        jpeg.subarray(0, jpeg.length - 400),
        /cut\.jpg cannot be decoded: .*; check that the file is a whole/,
      ],
      ['text.png', Buffer.from('no picture at all'), /text\.png cannot be decoded: .*unsupported image format/],
      ['broken.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><rect'), /broken\.svg cannot be decoded/],
    ];
    for (const [name, bytes, message] of bad) {
      const path = join(scratch, name);
      await writeFile(path, bytes);
      for (const options of [{}, { size: 8 }]) {
        const error = await decodeImage(path, options).catch((e: unknown) => e);
        expect(CrossmodalError.isInstance(error)).toBe(true);
        expect((error as Error).message).toMatch(message);
      }
    }
    await expect(decodeImage(new Uint8Array(0))).rejects.toThrow(/the given image is empty/);
    await expect(decodeImage(join(scratch, 'absent.png'))).rejects.toThrow(
      /absent\.png does not exist; check the path/,
    );
    await expect(decodeImage(scratch)).rejects.toThrow(/is a folder/);
    await expect(decodeImage(image('rgb.png'), { size: 0 })).rejects.toThrow(/size must be .* at least 1, got 0/);
  });
});

describe('loadImages', () => {
  const pair = { data: Uint8Array.from([255, 255, 255, 0, 0, 0]), shape: [1, 2, 3] };

  it('stacks and normalises, in the order given', async () => {
    const files = await Promise.all(['red', 'lime', 'blue'].map((colour) => plain(6, 6, colour)));
    const pixels = await loadImages(files, { size: 4, mean: [0, 0.5, 1], standardDeviation: [1, 0.5, 2] });
    expect(pixels.shape).toEqual([3, 4, 4, 3]);
    const place = tf.slice(pixels, [0, 1, 2, 0], [3, 1, 1, 3]);
    expect(await place.data()).toBeAllclose(Float32Array.from([1, -1, -0.5, 0, 1, -0.5, 0, -1, 0]));
    tf.dispose([pixels, place]);
  });

  it('takes pixels, makes grey, applies changes, and defaults to [-1, 1]', async () => {
    const values = async (pixels: tf.Tensor) => {
      const data = await pixels.data<'float32'>();
      pixels.dispose();
      return data;
    };
    const both = await loadImages([pair, toImage(pair)]);
    expect(await values(both)).toBeAllclose(Float32Array.from([1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1]));
    const grey = await loadImages([pair], { channels: 1 });
    expect(grey.shape).toEqual([1, 1, 2, 1]);
    expect(await values(grey)).toBeAllclose(Float32Array.from([1, -1]), { atol: 1e-3 });
    const halved = await loadImages([pair], {
      change: ({ data, shape }) => ({ data: data.map((v) => v / 2), shape }),
      mean: 0,
      standardDeviation: 1,
    });
    expect(await values(halved)).toBeAllclose(Float32Array.from([0.5, 0.5, 0.5, 0, 0, 0]));
    const larger = await loadImages([pair], { size: [2, 4], kernel: 'nearest', fit: 'stretch' });
    expect(larger.shape).toEqual([1, 2, 4, 3]);
    larger.dispose();
    const coloured = await loadImages([{ data: Uint8Array.from([0, 255]), shape: [1, 2, 1] }]);
    expect(await values(coloured)).toBeAllclose(Float32Array.from([-1, -1, -1, 1, 1, 1]));
  });

  it('leaks nothing, also when a file is bad, and says what is wrong', async () => {
    await expectNoLeak(() => loadImages([image('rgb.png')], { size: 8 }));
    await expectNoLeakWhenThrowing(
      () => loadImages([image('rgb.png'), join(scratch, 'absent.png')], { size: 8 }),
      'does n',
    );
    await expect(loadImages([])).rejects.toThrow(/at least one picture/);
    await expect(loadImages([image('rgb.png'), image('grey.png')])).rejects.toThrow(
      /one shape, got \[36,48,3\] for the first and \[50,33,3\] for number 2; give a size/,
    );
    await expect(loadImages([pair], { mean: [1, 2] })).rejects.toThrow(/one number for each of 3 channels, got 2/);
    await expect(loadImages([{ data: new Uint8Array(5), shape: [1, 2, 3] }])).rejects.toThrow(
      /got \[1,2,3\] and 5 values/,
    );
  });

  it('is a decoder for core', async () => {
    const decoder = imageDecoder({ size: 8 });
    expect((await decoder.decode(image('rgb.png'))).shape).toEqual([8, 8, 3]);
    expect(JSON.parse(JSON.stringify(decoder.settings))).toEqual({ kind: 'image', size: 8 });
    await decoder.close();
  });
});
