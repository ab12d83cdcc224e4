import { CrossmodalError, Random } from '@crossmodal/core';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import type { BytePixels } from '@crossmodal/encoders-vision';

/** The words for digits, by digit. */
export const digitNames = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const;

/** Where a digit can move to, and one step of it: rows, columns. */
const directions = { left: [0, -1], right: [0, 1], up: [-1, 0], down: [1, 0] } as const;

export type Direction = keyof typeof directions;

/** The way back. */
export const opposite: Record<Direction, Direction> = { left: 'right', right: 'left', up: 'down', down: 'up' };

/** A real digit that crosses a black field. */
export interface MovingDigit {
  /** [size, size, 1] each, in order. */
  frames: BytePixels[];
  digit: number;
  direction: Direction;
  /** For example "seven moves left". */
  caption: string;
}

/** What is said of a digit that moves there. */
export function captionOf(digit: number, direction: Direction): string {
  return `${digitNames[digit]} moves ${direction}`;
}

/**
 * Clips of digits that move, made from pictures of single digits: each picture is used once, halved in size, put at a random
 * place across its way, and moved over the whole field at an even speed. The same seed gives the same clips.
 *
 * @throws CrossmodalError when there are not as many pictures as clips, or the field is too small
 */
export function movingDigits(
  { images, labels, count: available, height, width }: LabelledImages,
  { count, frames = 6, size = 24, seed }: { count: number; frames?: number; size?: number; seed: number },
): MovingDigit[] {
  const [h, w] = [Math.floor(height / 2), Math.floor(width / 2)];
  if (count > available || size <= Math.max(h, w) || frames < 2) {
    throw new CrossmodalError(
      `movingDigits: needs at least ${count} pictures, a field larger than ${h} x ${w} and two frames, got ${available}, ${size} and ${frames}`,
    );
  }
  const random = new Random(seed).fork('moving-digits');
  const order = random.shuffle(Array.from({ length: available }, (_, i) => i));
  const names = Object.keys(directions) as Direction[];
  return order.slice(0, count).map((picture) => {
    const direction = names[random.integer(names.length)]!;
    const [down, right] = directions[direction];
    const digit = labels[picture]!;
    const small = halved(images.subarray(picture * height * width, (picture + 1) * height * width), height, width);
    const across = random.integer(size - (down === 0 ? h : w) + 1);
    const clip = Array.from({ length: frames }, (_, t) => {
      const share = t / (frames - 1);
      const along = (room: number, step: number) => Math.round(room * (step > 0 ? share : 1 - share));
      const top = down === 0 ? across : along(size - h, down);
      const left = right === 0 ? across : along(size - w, right);
      return placed(small, [h, w], [top, left], size);
    });
    return { frames: clip, digit, direction, caption: captionOf(digit, direction) };
  });
}

/** The mean of each 2 x 2 pixels. */
function halved(pixels: Uint8Array, height: number, width: number): Uint8Array {
  const [h, w] = [Math.floor(height / 2), Math.floor(width / 2)];
  return Uint8Array.from({ length: h * w }, (_, i) => {
    const at = 2 * Math.floor(i / w) * width + 2 * (i % w);
    return (pixels[at]! + pixels[at + 1]! + pixels[at + width]! + pixels[at + width + 1]!) / 4;
  });
}

function placed(
  digit: Uint8Array,
  [h, w]: readonly [number, number],
  [top, left]: readonly [number, number],
  size: number,
): BytePixels {
  const data = new Uint8Array(size * size);
  for (let row = 0; row < h; row++) {
    data.set(digit.subarray(row * w, (row + 1) * w), (top + row) * size + left);
  }
  return { data, shape: [size, size, 1] };
}
