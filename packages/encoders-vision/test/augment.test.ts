import { Random } from '@crossmodal/core';
import { describe, expect, it } from 'vitest';
import {
  adjustBrightness,
  adjustHue,
  centerCrop,
  colourJitter,
  crop,
  fitInto,
  gaussianBlur,
  type Image,
  normalize,
  randomCrop,
  randomErasing,
  randomFlip,
  randomResizedCrop,
  resize,
} from '../src/index.js';

/** A picture whose value tells its place. */
function numbered(height: number, width: number, channels = 1): Image {
  const data = Float32Array.from({ length: height * width * channels }, (_, i) => (i + 1) / 1000);
  return { data, shape: [height, width, channels] };
}
const seeds = Array.from({ length: 80 }, (_, i) => i);

describe('augmentation', () => {
  it('randomCrop reaches each shift and no other', () => {
    const picture = numbered(6, 6);
    const shifts = [-1, 0, 1].flatMap((top) => [-1, 0, 1].map((left) => ({ top, left, height: 6, width: 6 })));
    const seen = new Set<number>();
    for (const seed of seeds) {
      const out = randomCrop(picture, { random: new Random(seed), padding: 1 });
      seen.add(shifts.findIndex((box) => crop(picture, box).data.every((v, i) => v === out.data[i])));
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('randomFlip flips about half of the pictures', () => {
    const picture = numbered(1, 2);
    const flipped = seeds.filter(
      (seed) => randomFlip(picture, { random: new Random(seed) }).data[0] !== picture.data[0],
    );
    expect(flipped.length).toBeGreaterThan(25);
    expect(flipped.length).toBeLessThan(55);
    expect(randomFlip(picture, { random: new Random(1), probability: 0 }).data).toEqual(picture.data);
    const mirrored = randomFlip(picture, { random: new Random(1), probability: 1 });
    expect([...mirrored.data]).toEqual([...picture.data].reverse());
  });

  it('randomResizedCrop keeps the size, and shows parts of the asked area', () => {
    const ramp: Image = { data: Float32Array.from({ length: 400 }, (_, i) => (i % 20) / 19), shape: [20, 20, 1] };
    const starts = new Set<number>();
    for (const seed of seeds) {
      const out = randomResizedCrop(ramp, { random: new Random(seed), scale: [0.25, 0.25], ratio: [1, 1] });
      expect(out.shape).toEqual([20, 20, 1]);
      const columns = (Math.max(...out.data) - Math.min(...out.data)) * 19 + 1;
      expect(columns).toBeCloseTo(10, 4);
      starts.add(Math.round(Math.min(...out.data) * 19));
    }
    expect(starts.size).toBe(11);
    const whole = randomResizedCrop(ramp, { random: new Random(1), scale: [1, 1], ratio: [1, 1] });
    expect(whole.data).toBeAllclose(ramp.data, { atol: 1e-6 });
    const wide = randomResizedCrop(numbered(4, 40), { random: new Random(1), scale: [1, 1], ratio: [1, 1] });
    expect(wide.shape).toEqual([4, 40, 1]);
    expect(() => randomResizedCrop(ramp, { random: new Random(1), scale: [0, 1] })).toThrow(
      /scale must be .* got \[0, 1\]/,
    );
  });

  it('colourJitter of no strength is the identity; else it changes, and repeats by seed', () => {
    const picture = numbered(5, 5, 3);
    const jitter = (seed: number, strength?: number) =>
      colourJitter(picture, {
        random: new Random(seed),
        ...(strength === undefined
          ? {}
          : { brightness: strength, contrast: strength, saturation: strength, hue: strength }),
      });
    expect(jitter(1, 0).data).toBeAllclose(picture.data, { atol: 1e-6 });
    expect(jitter(1)).toEqual(jitter(1));
    expect(jitter(1).data).not.toEqual(jitter(2).data);
    expect(jitter(1).data.every((v) => v >= 0 && v <= 1)).toBe(true);
    expect(() => jitter(1, 0.6)).toThrow(/hue must be in \[0, 0.5\], got 0.6/);
  });

  it('randomErasing erases one rectangle of the asked share', () => {
    const picture = numbered(20, 20, 3);
    for (const seed of seeds) {
      const out = randomErasing(picture, { random: new Random(seed), probability: 1, scale: [0.1, 0.2], fill: -1 });
      const erased = [...out.data.keys()].filter((i) => out.data[i] === -1).map((i) => Math.floor(i / 3));
      const rows = erased.map((place) => Math.floor(place / 20));
      const columns = erased.map((place) => place % 20);
      const area = (Math.max(...rows) - Math.min(...rows) + 1) * (Math.max(...columns) - Math.min(...columns) + 1);
      expect(erased.length).toBe(3 * area);
      expect(area / 400).toBeGreaterThan(0.07);
      expect(area / 400).toBeLessThan(0.24);
      expect(out.data.every((v, i) => v === -1 || v === picture.data[i])).toBe(true);
    }
    expect(randomErasing(picture, { random: new Random(1), probability: 0 }).data).toEqual(picture.data);
  });
});

describe('transforms', () => {
  it('resize by a whole factor with the box kernel is the mean of blocks; nearest repeats', () => {
    const picture = numbered(2, 4);
    const half = resize(picture, { height: 1, width: 2, kernel: 'box' });
    expect(half.data).toBeAllclose(Float32Array.from([0.0035, 0.0055]), { atol: 1e-7 });
    const double = resize(picture, { height: 4, width: 8, kernel: 'nearest' });
    const expected = Float32Array.from({ length: 32 }, (_, i) => picture.data[(i >> 4) * 4 + ((i % 8) >> 1)] as number);
    expect(double.data).toEqual(expected);
  });

  it('resize keeps a constant picture constant with every kernel', () => {
    const grey: Image = { data: new Float32Array(7 * 9 * 3).fill(0.4), shape: [7, 9, 3] };
    for (const kernel of ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const) {
      for (const height of [1, 3, 20]) {
        for (const antialias of [true, false]) {
          const out = resize(grey, { height, width: height + 1, kernel, antialias });
          expect(out.data).toBeAllclose(new Float32Array(height * (height + 1) * 3).fill(0.4), { atol: 1e-6 });
        }
      }
    }
  });

  it('fitInto places pictures in the middle', () => {
    const picture = numbered(2, 4);
    const framed = fitInto(picture, { height: 4, width: 4, fit: 'contain', fill: [9] });
    expect([...framed.data]).toBeAllclose([9, 9, 9, 9, ...picture.data, 9, 9, 9, 9]);
    const cut = fitInto(picture, { height: 2, width: 2 });
    expect([...cut.data]).toBeAllclose([0.002, 0.003, 0.006, 0.007]);
  });

  it('refuse what they cannot do, with the values', () => {
    const picture = numbered(4, 4);
    expect(() => resize(picture, { height: 0, width: 2 })).toThrow(/resize: height must be .* at least 1, got 0/);
    expect(() => centerCrop(picture, { height: 2.5, width: 2 })).toThrow(/got 2.5/);
    expect(() => adjustHue(picture, { shift: 0.1 })).toThrow(/3 channels, got 1/);
    expect(() => adjustBrightness(picture, { factor: -1 })).toThrow(/factor must be 0 or more, got -1/);
    expect(() => gaussianBlur(picture, { size: 4, sigma: 1 })).toThrow(/odd, got 4/);
    expect(() => gaussianBlur(picture, { size: 9, sigma: 1 })).toThrow(/9 is too large for a picture of 4 x 4/);
    expect(() => normalize(picture, { standardDeviation: 0 })).toThrow(/must be positive, got 0/);
  });
});
