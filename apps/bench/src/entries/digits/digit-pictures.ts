import type { Random } from '@crossmodal/core';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import type { BytePixels } from '@crossmodal/encoders-vision';

/** Handwritten digits by class. */
export interface WrittenDigits {
  /** A random picture of a digit. */
  of(digit: number, random: Random): BytePixels;
}

export function digitPictures({ images, labels, count, height, width }: LabelledImages): WrittenDigits {
  const places = Array.from({ length: 10 }, (_, digit) =>
    Array.from({ length: count }, (_unused, i) => i).filter((i) => labels[i] === digit),
  );
  return {
    of(digit, random) {
      const own = places[digit]!;
      const place = own[random.integer(own.length)]!;
      return { data: images.subarray(place * height * width, (place + 1) * height * width), shape: [height, width, 1] };
    },
  };
}
