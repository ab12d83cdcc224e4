import { Random } from '@crossmodal/core';
import type { Image } from '@crossmodal/encoders-vision';
import { expect, test } from 'vitest';
import { arranged, triples } from '../src/entries/co-attention/scenes.js';

const square = (value: number): Image => ({ data: new Float32Array(3 * 3 * 3).fill(value), shape: [3, 3, 3] });

test('pictures of a scene lie whole in different quarters, somewhere else each time', () => {
  const random = new Random(1);
  const scenes = Array.from({ length: 20 }, () => arranged([0.2, 0.4, 0.6].map(square), { size: 8, random }));
  for (const { data, shape } of scenes) {
    expect(shape).toEqual([8, 8, 3]);
    for (const value of [0.2, 0.4, 0.6]) {
      const pixels = [...data].flatMap((x, i) => (Math.abs(x - value) < 1e-6 ? [Math.floor(i / 3)] : []));
      expect(pixels).toHaveLength(27);
      const quarters = new Set(pixels.map((pixel) => 2 * Number(pixel >= 32) + Number(pixel % 8 >= 4)));
      expect(quarters.size).toBe(1);
    }
    expect([...data].filter((x) => x === 1)).toHaveLength(3 * (64 - 27));
  }
  expect(new Set(scenes.map(({ data }) => data.join())).size).toBeGreaterThan(15);
});

test('no two scenes show the same three, and more than there are cannot be had', () => {
  const random = new Random(2);
  const newTriple = triples(5, { random, wanted: 10 });
  const keys = Array.from({ length: 10 }, () => newTriple().sort().join());
  expect(new Set(keys).size).toBe(10);
  for (const key of keys) expect(key).toMatch(/^[0-4],[0-4],[0-4]$/);
  expect(() => triples(5, { random, wanted: 11 })).toThrow('5 emojis have 10 triples, 11 scenes are wanted');
});
