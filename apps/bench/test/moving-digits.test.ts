import { describe, expect, test } from 'vitest';
import { captionOf, movingDigits, opposite } from '../src/data/moving-digits.js';

/** Pictures of 4 x 4 whose halves are one bright pixel at the top left. */
function pictures(count: number) {
  const images = new Uint8Array(count * 16);
  for (let i = 0; i < count; i++) for (const place of [0, 1, 4, 5]) images[16 * i + place] = 200;
  return {
    images,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
    count,
    height: 4,
    width: 4,
    channels: 1,
  };
}

/** Row and column of the bright pixel. */
function place({ data, shape }: { data: Uint8Array; shape: readonly number[] }): [number, number] {
  const at = data.indexOf(200);
  return [Math.floor(at / shape[1]!), at % shape[1]!];
}

describe('movingDigits', () => {
  const clips = movingDigits(pictures(200), { count: 200, frames: 4, size: 8, seed: 1 });

  test('every clip moves where its caption says, over the whole field, at an even speed', () => {
    for (const { frames, digit, direction, caption } of clips) {
      expect(caption).toBe(captionOf(digit, direction));
      const path = frames.map(place);
      const axis = ['up', 'down'].includes(direction) ? 0 : 1;
      const along = path.map((point) => point[axis]);
      expect(along).toEqual(['down', 'right'].includes(direction) ? [0, 2, 4, 6] : [6, 4, 2, 0]);
      expect(new Set(path.map((point) => point[1 - axis]!)).size).toBe(1);
    }
    expect(new Set(clips.map(({ direction }) => direction)).size).toBe(4);
  });

  test('uses each picture once, the same for the same seed', () => {
    expect(new Set(clips.map(({ digit }) => digit)).size).toBe(10);
    expect(movingDigits(pictures(200), { count: 200, frames: 4, size: 8, seed: 1 })).toEqual(clips);
    expect(movingDigits(pictures(200), { count: 200, frames: 4, size: 8, seed: 2 })).not.toEqual(clips);
    expect(() => movingDigits(pictures(3), { count: 4, size: 8, seed: 1 })).toThrow('needs at least 4 pictures');
    expect(() => movingDigits(pictures(3), { count: 3, size: 2, seed: 1 })).toThrow('a field larger than 2 x 2');
  });

  test('says the way back', () => {
    expect(captionOf(7, opposite.left)).toBe('seven moves right');
  });
});
