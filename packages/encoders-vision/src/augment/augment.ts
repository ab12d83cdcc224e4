import { assertKnownOptions, CrossmodalError, type Random, requireInteger } from '@crossmodal/core';
import type { Image } from '../image.js';
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from '../transform/colour.js';
import { crop, flipHorizontally } from '../transform/crop.js';
import { resize } from '../transform/resize.js';

function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.uniform();
}

/**
 * Cuts a rectangle of the picture's own size out of it after it was padded all around: a shift by up to `padding` pixels.
 *
 * @param image [height, width, channels]
 * @returns the same shape
 * @throws CrossmodalError when `padding` is not a whole number of at least 0
 * @see Krizhevsky (2009); torchvision.transforms.RandomCrop
 */
export function randomCrop(
  image: Image,
  {
    random,
    padding = 4, // He et al. (2016), CIFAR-10
    fill = 0,
    ...others
  }: {
    random: Random;
    /** @default 4 */
    padding?: number;
    /** @default 0 */
    fill?: number;
  },
): Image {
  assertKnownOptions('randomCrop', others, ['random', 'padding', 'fill']);

  requireInteger('randomCrop: padding', padding, 0);
  const [height, width] = image.shape;
  const top = random.integer(2 * padding + 1) - padding;
  const left = random.integer(2 * padding + 1) - padding;
  return crop(image, { top, left, height, width }, { fill });
}

/**
 * Cuts out a random share of the area with random proportions and resizes it to the picture's own size. Ten tries are
 * made; when none fits, the middle is taken.
 *
 * @param image [height, width, channels]
 * @param options.scale lowest and highest share of the area; `ratio` lowest and highest width / height
 * @returns the same shape
 * @throws CrossmodalError when a range is empty or not positive
 * @see Szegedy et al. (2015), section 6; torchvision.transforms.RandomResizedCrop
 */
export function randomResizedCrop(
  image: Image,
  {
    random,
    scale = [0.08, 1], // Inception, torchvision
    ratio = [3 / 4, 4 / 3], // Inception, torchvision
    ...others
  }: {
    random: Random;
    /** @default [0.08, 1] */

    scale?: readonly [number, number];
    /** @default [3 / 4, 4 / 3] */

    ratio?: readonly [number, number];
  },
): Image {
  assertKnownOptions('randomResizedCrop', others, ['random', 'scale', 'ratio']);

  for (const [name, [low, high]] of Object.entries({ scale, ratio })) {
    if (!(low > 0 && low <= high)) {
      throw new CrossmodalError(
        `randomResizedCrop: ${name} must be [low, high] with 0 < low <= high, got [${low}, ${high}]`,
      );
    }
  }
  const [height, width] = image.shape;
  const size = { height, width, kernel: 'bilinear' as const };
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * between(random, ...scale);
    const proportion = Math.exp(between(random, Math.log(ratio[0]), Math.log(ratio[1])));
    const w = Math.round(Math.sqrt(area * proportion));
    const h = Math.round(Math.sqrt(area / proportion));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const top = random.integer(height - h + 1);
    const left = random.integer(width - w + 1);
    return resize(crop(image, { top, left, height: h, width: w }), size);
  }
  const w = Math.max(1, Math.min(width, Math.round(height * ratio[1])));
  const h = Math.max(1, Math.min(height, Math.round(width / ratio[0])));
  return resize(crop(image, { top: (height - h) >> 1, left: (width - w) >> 1, height: h, width: w }), size);
}

/** Mirrors the picture with that probability. @see torchvision.transforms.RandomHorizontalFlip */
export function randomFlip(
  image: Image,
  {
    random,
    probability = 0.5,
    ...others
  }: {
    random: Random;
    /** @default 0.5 */
    probability?: number;
  },
): Image {
  assertKnownOptions('randomFlip', others, ['random', 'probability']);

  return random.uniform() < probability ? flipHorizontally(image) : image;
}

/**
 * Changes brightness, contrast, saturation (factors from 1 - x to 1 + x) and hue (shifts from -x to x) in random order.
 *
 * @param image [height, width, 3]
 * @returns the same shape
 * @throws CrossmodalError when a strength is out of range
 * @see torchvision.transforms.ColorJitter
 */
export function colourJitter(
  image: Image,
  {
    random,
    brightness = 0.4, // SimCLR at strength 0.5
    contrast = 0.4,
    saturation = 0.4,
    hue = 0.1,
    ...others
  }: {
    random: Random;
    /** @default 0.4 */

    brightness?: number;
    /** @default 0.4 */

    contrast?: number;
    /** @default 0.4 */

    saturation?: number;
    /** @default 0.1 */

    hue?: number;
  },
): Image {
  assertKnownOptions('colourJitter', others, ['random', 'brightness', 'contrast', 'saturation', 'hue']);

  for (const [name, strength] of Object.entries({ brightness, contrast, saturation, hue })) {
    const most = name === 'hue' ? 0.5 : 1;
    if (!(strength >= 0 && strength <= most)) {
      throw new CrossmodalError(`colourJitter: ${name} must be in [0, ${most}], got ${strength}`);
    }
  }
  const factor = (strength: number) => ({ factor: between(random, 1 - strength, 1 + strength) });
  const changes: ((given: Image) => Image)[] = [
    (given) => adjustBrightness(given, factor(brightness)),
    (given) => adjustContrast(given, factor(contrast)),
    (given) => adjustSaturation(given, factor(saturation)),
    (given) => (hue === 0 ? given : adjustHue(given, { shift: between(random, -hue, hue) })),
  ];
  return random.shuffle(changes).reduce((given, change) => change(given), image);
}

/**
 * With that probability, replaces a random rectangle by `fill`.
 *
 * @param image [height, width, channels]
 * @param options.scale lowest and highest share of the area; `ratio` lowest and highest height / width
 * @returns the same shape
 * @see Zhong et al. (2020), "Random erasing data augmentation", algorithm 1; torchvision.transforms.RandomErasing
 */
export function randomErasing(
  image: Image,
  {
    random,
    probability = 0.5, // Zhong et al.
    scale = [0.02, 0.33], // torchvision
    ratio = [0.3, 3.3], // Zhong et al.
    fill = 0,
    ...others
  }: {
    random: Random;
    /** @default 0.5 */
    probability?: number;
    /** @default [0.02, 0.33] */
    scale?: readonly [number, number];
    /** @default [0.3, 3.3] */
    ratio?: readonly [number, number];
    /** @default 0 */
    fill?: number;
  },
): Image {
  assertKnownOptions('randomErasing', others, ['random', 'probability', 'scale', 'ratio', 'fill']);

  if (random.uniform() >= probability) return image;
  const [height, width, channels] = image.shape;
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * between(random, ...scale);
    const proportion = Math.exp(between(random, Math.log(ratio[0]), Math.log(ratio[1])));
    const h = Math.round(Math.sqrt(area * proportion));
    const w = Math.round(Math.sqrt(area / proportion));
    if (h < 1 || w < 1 || h >= height || w >= width) continue;
    const top = random.integer(height - h + 1);
    const left = random.integer(width - w + 1);
    const data = Float32Array.from(image.data);
    for (let y = top; y < top + h; y++) {
      data.fill(fill, (y * width + left) * channels, (y * width + left + w) * channels);
    }
    return { data, shape: image.shape };
  }
  return image;
}
