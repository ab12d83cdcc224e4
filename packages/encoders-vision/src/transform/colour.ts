import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { type Image, imageOf } from '../image.js';

const weights = [0.2989, 0.587, 0.114] as const; // ITU-R BT.601 luma, as torchvision rounds it

function requireColour(where: string, { shape }: Image): void {
  if (shape[2] !== 3) throw new CrossmodalError(`${where}: the picture must have 3 channels, got ${shape[2]}`);
}

function requireFactor(where: string, factor: number): void {
  if (!(factor >= 0)) throw new CrossmodalError(`${where}: factor must be 0 or more, got ${factor}`);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/**
 * Luma of each pixel: 0.2989 R + 0.587 G + 0.114 B.
 *
 * @param image [height, width, 3]
 * @param options.channels how often the value is repeated
 * @returns [height, width, channels]
 * @throws CrossmodalError unless the picture has three channels
 * @see torchvision.transforms.functional.rgb_to_grayscale
 */
export function grayscale(
  image: Image,
  {
    channels = 3,
    ...others
  }: {
    /** @default 3 */
    channels?: 1 | 3;
  } = {},
): Image {
  assertKnownOptions('grayscale', others, ['channels']);

  requireColour('grayscale', image);
  const [height, width] = image.shape;
  return imageOf([height, width, channels], (y, x) => luma(image.data, (y * width + x) * 3));
}

function luma(data: Float32Array, at: number): number {
  return weights[0] * data[at]! + weights[1] * data[at + 1]! + weights[2] * data[at + 2]!;
}

/** clamp(factor v + (1 - factor) other), to [0, 1]. */
function blend(image: Image, factor: number, other: (pixel: number) => number): Image {
  const channels = image.shape[2];
  const data = new Float32Array(image.data.length);
  for (let i = 0; i < data.length; i += channels) {
    const base = (1 - factor) * other(i);
    for (let c = 0; c < channels; c++) data[i + c] = clamp(factor * image.data[i + c]! + base);
  }
  return { data, shape: image.shape };
}

/**
 * Multiplies by a factor, cut to [0, 1]: 0 is black, 1 leaves the picture as it is.
 * @throws CrossmodalError when the factor is negative
 * @see torchvision.transforms.functional.adjust_brightness
 */
export function adjustBrightness(image: Image, { factor, ...others }: { factor: number }): Image {
  assertKnownOptions('adjustBrightness', others, ['factor']);

  requireFactor('adjustBrightness', factor);
  return blend(image, factor, () => 0);
}

/**
 * Moves colours from (factor above 1) or towards (below 1) the mean luma of the whole picture.
 * @throws CrossmodalError when the factor is negative or the picture has not three channels
 * @see torchvision.transforms.functional.adjust_contrast
 */
export function adjustContrast(image: Image, { factor, ...others }: { factor: number }): Image {
  assertKnownOptions('adjustContrast', others, ['factor']);

  requireFactor('adjustContrast', factor);
  requireColour('adjustContrast', image);
  let sum = 0;
  for (let i = 0; i < image.data.length; i += 3) sum += luma(image.data, i);
  const mean = sum / (image.data.length / 3);
  return blend(image, factor, () => mean);
}

/**
 * Moves colours from or towards the luma of their pixel: 0 is grey.
 * @throws CrossmodalError when the factor is negative or the picture has not three channels
 * @see torchvision.transforms.functional.adjust_saturation
 */
export function adjustSaturation(image: Image, { factor, ...others }: { factor: number }): Image {
  assertKnownOptions('adjustSaturation', others, ['factor']);

  requireFactor('adjustSaturation', factor);
  requireColour('adjustSaturation', image);
  return blend(image, factor, (i) => luma(image.data, i));
}

/**
 * Turns the hue by a share of the colour circle, in [-0.5, 0.5].
 * @throws CrossmodalError when the shift is out of range or the picture has not three channels
 * @see torchvision.transforms.functional.adjust_hue; Smith (1978), "Color gamut transform pairs"
 */
export function adjustHue(image: Image, { shift, ...others }: { shift: number }): Image {
  assertKnownOptions('adjustHue', others, ['shift']);

  if (!(Math.abs(shift) <= 0.5)) throw new CrossmodalError(`adjustHue: shift must be in [-0.5, 0.5], got ${shift}`);
  requireColour('adjustHue', image);
  const data = new Float32Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [image.data[i]!, image.data[i + 1]!, image.data[i + 2]!];
    const value = Math.max(r, g, b);
    const chroma = value - Math.min(r, g, b);
    const saturation = chroma === 0 ? 0 : chroma / value;
    let hue = 0;
    if (chroma !== 0) {
      if (value === r) hue = (g - b) / chroma;
      else if (value === g) hue = 2 + (b - r) / chroma;
      else hue = 4 + (r - g) / chroma;
    }
    hue = (((hue / 6 + shift) % 1) + 1) % 1;
    // f(n) = V - V S max(0, min(k, 4 - k, 1)), k = (n + 6 H) mod 6, for n = 5, 3, 1.
    [5, 3, 1].forEach((n, c) => {
      const k = (n + 6 * hue) % 6;
      data[i + c] = clamp(value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1)));
    });
  }
  return { data, shape: image.shape };
}
