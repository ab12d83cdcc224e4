import { type BytePixels, loadFrames, toImage } from '@crossmodal/encoders-vision';
import { expect, test } from 'vitest';
import { movingDigits } from '../src/data/moving-digits.js';
import { animationOf } from '../src/entries/shared/images.js';
import { ClipValues } from '../src/entries/text-to-video/clips.js';
import { renderFigure } from '../src/report/figures.js';

/** Pictures of 4 x 4, all different. */
const pictures = {
  images: Uint8Array.from({ length: 5 * 16 }, (_, i) => (37 * i) % 256),
  labels: Uint8Array.from({ length: 5 }, (_, i) => i),
  ...{ count: 5, height: 4, width: 4, channels: 1 },
};
const clips = movingDigits(pictures, { count: 5, frames: 3, size: 6, seed: 1 });

test('clips in one array are the clips', () => {
  const values = ClipValues.of(clips);
  expect(values).toMatchObject({ count: 5, size: 6, frames: 3 });
  // The array holds shares of 255, which are cut when they become bytes again.
  for (const [i, { frames }] of clips.entries()) {
    for (const [t, picture] of values.pictures(i).entries()) {
      expect(picture.shape).toEqual([6, 6, 1]);
      for (const [k, value] of picture.data.entries()) expect(Math.abs(value - frames[t]!.data[k]!)).toBeLessThan(2);
    }
  }
});

test('an animated picture has the frames, each pixel four wide, and the report says its type', async () => {
  const { frames } = clips[0]!;
  const file = await animationOf(frames);
  const read = await loadFrames(file, { count: 3 });
  expect(read.length).toBe(3);
  for (const [t, frame] of read.entries()) {
    const image = toImage(frame as BytePixels);
    expect(image.shape).toEqual([24, 24, 3]);
    const corner = (row: number, column: number) => Math.round(255 * image.data[(4 * row * 24 + 4 * column) * 3]!);
    for (const [k, value] of frames[t]!.data.entries()) expect(corner(Math.floor(k / 6), k % 6)).toBe(value);
  }
  const figure = { kind: 'pictures' as const, title: 'clips', caption: '', rows: [{ pictures: [file] }] };
  expect(renderFigure(figure)?.text).toContain('src="data:image/webp;base64,UklGR');
});

test('pictures whose base64 spells NaN leave none on the page', () => {
  const file = Uint8Array.from(Buffer.from('NaNa', 'base64'));
  const text = renderFigure({ kind: 'pictures', title: 'clips', caption: '', rows: [{ pictures: [file] }] })!.text;
  expect(text).not.toContain('NaN');
  const [, address] = /src="([^"]*)"/.exec(text)!;
  expect(decodeURIComponent(address!)).toBe('data:image/png;base64,NaNa');
});
