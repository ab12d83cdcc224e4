import { Random } from '@crossmodal/core';
import type { LabelledImages } from '@crossmodal/core/data/sets';

/**
 * Digits of a random colour on a ground of another, with pieces of neighbours at their sides, in the manner of house numbers.
 * Picture number n is a function of the seed, the digits and n.
 */
export function colouredDigits(digits: LabelledImages, { seed }: { seed: string }): LabelledImages {
  const { count, height, width, labels } = digits;
  const size = height * width;
  const images = new Uint8Array(count * size * 3);
  const random = new Random(seed).fork('coloured-digits');
  const grey = (n: number, y: number, x: number) =>
    x >= 0 && x < width ? (digits.images[n * size + y * width + x] as number) : 0;
  for (let n = 0; n < count; n++) {
    const draw = random.fork(n);
    const [ink, ground] = twoColours(draw);
    const [left, right] = [draw.integer(count), draw.integer(count)];
    // Neighbours stand 15 to 20 pixels aside, so that a piece of them is cut off by the edge.
    const [before, after] = [15 + draw.integer(6), 15 + draw.integer(6)];
    for (let i = 0; i < size; i++) {
      const [y, x] = [Math.floor(i / width), i % width];
      const share = Math.max(grey(n, y, x), grey(left, y, x + before), grey(right, y, x - after)) / 255;
      for (let k = 0; k < 3; k++) {
        const value = share * ink[k]! + (1 - share) * ground[k]! + 12 * draw.normal();
        images[(n * size + i) * 3 + k] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  return { images, labels, count, height, width, channels: 3 };
}

/** Two colours that differ by at least 60 of 255 in brightness: else nobody could read them. */
function twoColours(random: Random): [ink: number[], ground: number[]] {
  const colour = () => [random.integer(256), random.integer(256), random.integer(256)];
  const brightness = ([red, green, blue]: number[]) => 0.299 * red! + 0.587 * green! + 0.114 * blue!;
  const ink = colour();
  for (;;) {
    const ground = colour();
    if (Math.abs(brightness(ink) - brightness(ground)) >= 60) return [ink, ground];
  }
}
