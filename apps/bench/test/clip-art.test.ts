import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { clipArt } from '../src/data/clip-art.js';

const data = process.env['CROSSMODAL_DATA'];

test.runIf(data)(
  'clip art: no title and no picture stands on both sides of the split (needs CROSSMODAL_DATA)',
  async () => {
    const { train, test: held, groups } = await clipArt({ dataFolder: data, limit: Number.POSITIVE_INFINITY });
    expect(train.length).toBeGreaterThan(1800);
    expect(held.length / (train.length + held.length)).toBeCloseTo(0.15, 1);
    const titles = new Set(train.map(({ title }) => title.toLowerCase()));
    expect(held.filter(({ title }) => titles.has(title.toLowerCase()))).toEqual([]);
    const pixels = ({ data }: { data: ArrayLike<number> }) =>
      createHash('sha256')
        .update(Uint8Array.from(data, (value) => Math.round(15 * value)))
        .digest('hex');
    const pictures = new Set(train.map(({ image }) => pixels(image)));
    expect(held.filter(({ image }) => pictures.has(pixels(image)))).toEqual([]);
    for (const { group, caption, title, image } of [...train, ...held]) {
      expect(groups).toContain(group);
      expect(caption.startsWith(title)).toBe(true);
      expect(image.shape).toEqual([64, 64, 3]);
    }
  },
  120_000,
);

test('clip art that is not there is asked for', async () => {
  await expect(clipArt({ dataFolder: '/nowhere', limit: 10 })).rejects.toThrow(/openclipart64/);
});
