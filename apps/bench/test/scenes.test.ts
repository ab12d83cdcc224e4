import { Random } from '@crossmodal/core';
import type { Image } from '@crossmodal/encoders-vision';
import { expect, test } from 'vitest';
import { arranged } from '../src/entries/co-attention/scenes.js';

const square = (value: number): Image => ({ data: new Float32Array(3 * 3 * 3).fill(value), shape: [3, 3, 3] });

test('pictures of a scene lie whole in different quarters, somewhere else each time', () => {
  const random = new Random(1);
  const scenes = Array.from({ length: 20 }, () => arranged([0.2, 0.4, 0.6].map(square), { size: 8, random }));
  for (const { data, shape } of scenes) {
    expect(shape).toEqual([8, 8, 3]);
    for (const value of [0.2, 0.4, 0.6]) {
      const pixels = [...data].flatMap((x, i) => (Math.abs(x - value) < 1e-6 ? [i / 3 - ((i / 3) % 1)] : []));
      expect(pixels).toHaveLength(27);
      const quarters = new Set(pixels.map((pixel) => 2 * Number(pixel >= 32) + Number(pixel % 8 >= 4)));
      expect(quarters.size).toBe(1);
    }
    expect([...data].filter((x) => x === 1)).toHaveLength(3 * (64 - 27));
  }
  expect(new Set(scenes.map(({ data }) => data.join())).size).toBeGreaterThan(15);
});
