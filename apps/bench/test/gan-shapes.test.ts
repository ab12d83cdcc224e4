import { Random } from '@crossmodal/core';
import { describe, expect, test } from 'vitest';
import { coverageOf } from '../src/entries/gan-shapes/coverage.js';
import { eightGaussians, type Point, twoMoons, twoRings } from '../src/entries/gan-shapes/shapes.js';

describe.each([eightGaussians, twoMoons, twoRings])('$name', (shape) => {
  const random = new Random('shapes');
  const points = Array.from({ length: 4000 }, () => shape.draw(random));

  test('its own points are on it, in all parts alike', () => {
    const { good, covered, divergence } = coverageOf(shape, points);
    // Within three deviations in two dimensions: 1 - exp(-9/2) = .989; across a curve, in one, .997.
    expect(good).toBeGreaterThan(0.98);
    expect(covered).toBe(shape.parts);
    expect(divergence).toBeLessThan(0.01);
  });

  test('the nearest place is that of the nearest of many points without noise', () => {
    // Points of the shape less their noise are those nearest of themselves.
    const onto = points.filter((point) => shape.nearest(point).distance < shape.deviation);
    expect(onto.length).toBeGreaterThan(1000);
    for (let trial = 0; trial < 200; trial++) {
      const point: Point = [4 * random.uniform() - 2, 4 * random.uniform() - 2];
      const nearest = Math.min(...onto.map(([x, y]) => Math.hypot(x - point[0], y - point[1])));
      const { distance } = shape.nearest(point);
      expect(Math.abs(distance - nearest)).toBeLessThan(shape.deviation + 0.03);
    }
  });
});

test('samples that are all at one Gaussian cover one of eight; those off it cover none', () => {
  const one = Array.from({ length: 50 }, (): Point => [1, 0]);
  expect(coverageOf(eightGaussians, one)).toEqual({ good: 1, covered: 1, divergence: Math.log(8) });
  const half = [...one, ...Array.from({ length: 50 }, (): Point => [0, 1])];
  expect(coverageOf(eightGaussians, half)).toEqual({ good: 1, covered: 2, divergence: Math.log(4) });
  expect(coverageOf(eightGaussians, [[0, 0]])).toEqual({ good: 0, covered: 0, divergence: Math.log(8) });
});

test('beyond the ends of a moon the end is nearest', () => {
  expect(twoMoons.nearest([-1, -0.4]).distance).toBeCloseTo(0.4);
  expect(twoMoons.nearest([-1, -0.4]).part).toBe(9);
  expect(twoMoons.nearest([2, 0.9]).distance).toBeCloseTo(0.4);
  expect(twoMoons.nearest([2, 0.9]).part).toBe(19);
});
