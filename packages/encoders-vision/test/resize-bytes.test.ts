import { readFile } from 'node:fs/promises';
import { Random } from '@crossmodal/core';
import { describe, expect, it } from 'vitest';
import { passesModule } from '../scripts/assemble.js';
import { fitInto, type ResizeKernel, resize, toImage } from '../src/index.js';
import { fitBytes } from '../src/load/fit-bytes.js';
import { resizeBytes } from '../src/resize-bytes/resize-bytes.js';

function noise(height: number, width: number, seed = 0) {
  const random = new Random(seed);
  // Mostly black and white, so that bicubic overshoots and the clipping is seen.
  const data = Uint8Array.from({ length: height * width * 3 }, () => {
    const v = random.uniform();
    return v < 0.3 ? 0 : v > 0.7 ? 255 : Math.floor(v * 256);
  });
  return { data, shape: [height, width, 3] as const };
}

const bytesOf = (image: { data: Float32Array }) => Uint8Array.from(image.data, (v) => Math.round(v * 255));
const whole = (height: number, width: number) => ({ top: 0, left: 0, height, width });

describe('resizeBytes', () => {
  const kernels: ResizeKernel[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];
  const sizes = [
    [37, 53, 11, 17],
    [37, 53, 37, 17],
    [37, 53, 90, 53],
    [5, 3, 40, 41],
    [1, 1, 7, 3],
    [90, 20, 7, 19], // rows first
    [90, 20, 7, 45],
    [64, 64, 64, 64],
    [33, 400, 1, 1],
  ] as const;

  it.each(kernels)("equals resize with eightBit, which equals PIL's bytes: %s", async (kernel) => {
    for (const [rows, columns, height, width] of sizes) {
      const pixels = noise(rows, columns, rows);
      const expected = bytesOf(resize(toImage(pixels), { height, width, kernel, eightBit: true }));
      const got = await resizeBytes(pixels, { height, width, kernel, window: whole(height, width) });
      expect(got.shape).toEqual([height, width, 3]);
      expect(Buffer.from(got.data).equals(expected), `${rows}x${columns} to ${height}x${width}`).toBe(true);
    }
  });

  it('computes a window as part of the whole', async () => {
    for (const [rows, columns, height, width] of sizes) {
      if (height < 7 || width < 3) continue;
      const pixels = noise(rows, columns);
      const window = { top: 2, left: 1, height: height - 4, width: width - 2 };
      const all = await resizeBytes(pixels, { height, width, kernel: 'bicubic', window: whole(height, width) });
      const part = await resizeBytes(pixels, { height, width, kernel: 'bicubic', window });
      for (let y = 0; y < window.height; y++) {
        const at = ((y + window.top) * width + window.left) * 3;
        const row = part.data.subarray(y * window.width * 3, (y + 1) * window.width * 3);
        expect([...row]).toEqual([...all.data.subarray(at, at + row.length)]);
      }
    }
  });

  it('works in strips on pictures of many megabytes, side by side', async () => {
    const pixels = noise(1500, 1100, 3);
    const tall = noise(2600, 640, 4);
    const expected = [
      bytesOf(resize(toImage(pixels), { height: 150, width: 110, kernel: 'lanczos', eightBit: true })),
      bytesOf(resize(toImage(tall), { height: 40, width: 630, kernel: 'bicubic', eightBit: true })),
    ];
    const got = await Promise.all([
      resizeBytes(pixels, { height: 150, width: 110, kernel: 'lanczos', window: whole(150, 110) }),
      resizeBytes(tall, { height: 40, width: 630, kernel: 'bicubic', window: whole(40, 630) }),
    ]);
    got.forEach(({ data }, i) => {
      expect(Buffer.from(data).equals(expected[i]!)).toBe(true);
    });
  });
});

it('enlarges to many megabytes in strips', async () => {
  const pixels = noise(20, 15, 5);
  const expected = bytesOf(resize(toImage(pixels), { height: 1300, width: 900, kernel: 'bilinear', eightBit: true }));
  let others = 0;
  setImmediate(() => others++);
  const got = await resizeBytes(pixels, { height: 1300, width: 900, kernel: 'bilinear', window: whole(1300, 900) });
  expect(others, 'others got a turn').toBe(1);
  expect(Buffer.from(got.data).equals(expected)).toBe(true);
});

describe('fitBytes', () => {
  it.each(['cover', 'contain', 'stretch'] as const)('equals fitInto with eightBit: %s', async (fit) => {
    for (const [rows, columns] of [
      [40, 71],
      [71, 40],
      [9, 5],
      [5, 9],
    ] as const) {
      const pixels = noise(rows, columns);
      const fill = [10, 200, 30];
      const options = { height: 24, width: 30, fit, kernel: 'bicubic' } as const;
      const image = fitInto(toImage(pixels), { ...options, fill: fill.map((v) => v / 255), eightBit: true });
      const got = await fitBytes(pixels, { ...options, fill });
      expect(Buffer.from(got.data).equals(bytesOf(image))).toBe(true);
    }
  });
});

it('the committed module is what passes.wat says', async () => {
  const text = await readFile(new URL('../src/resize-bytes/passes-module.ts', import.meta.url), 'utf8');
  expect(text).toBe(await passesModule());
});
