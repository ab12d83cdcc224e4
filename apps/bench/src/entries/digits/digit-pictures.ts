import type { Random } from '@crossmodal/core';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import type { BytePixels } from '@crossmodal/encoders-vision';

/** Handwritten digits by class. */
export interface WrittenDigits {
  /** A random picture of a digit. */
  of(digit: number, random: Random): BytePixels;
}

/** The place of a random picture of a digit. */
export function digitPlaces({ labels, count }: LabelledImages): (digit: number, random: Random) => number {
  const places: number[][] = Array.from({ length: 10 }, () => []);
  for (let index = 0; index < count; index++) places[labels[index]!]!.push(index);
  return (digit, random) => places[digit]![random.integer(places[digit]!.length)]!;
}

export function digitPictures(digits: LabelledImages): WrittenDigits {
  const { images, height, width } = digits;
  const placeOf = digitPlaces(digits);
  return {
    of(digit, random) {
      const place = placeOf(digit, random);
      return { data: images.subarray(place * height * width, (place + 1) * height * width), shape: [height, width, 1] };
    },
  };
}
