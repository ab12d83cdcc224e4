import { assertKnownOptions, CrossmodalError, requireInteger, requireOneOf } from '@crossmodal/core';
import { type Image, imageOf } from '../image.js';

/** A rectangle of pixels; it may reach beyond the picture. */
export interface Box {
  top: number;
  left: number;
  height: number;
  width: number;
}

/**
 * Cuts a rectangle out; what lies beyond the picture is `fill`.
 *
 * @param image [height, width, channels]
 * @returns [box.height, box.width, channels]
 * @throws CrossmodalError when the box has no whole, positive sides
 * @example
 * const corner = crop(image, { top: 0, left: 0, height: 16, width: 16 });
 */
export function crop(
  image: Image,
  { top, left, height, width }: Box,
  {
    fill = 0,
    ...others
  }: {
    /** @default 0 */
    fill?: number;
  } = {},
): Image {
  assertKnownOptions('crop', others, ['fill']);

  requireInteger('crop: height', height);
  requireInteger('crop: width', width);
  if (!Number.isInteger(top) || !Number.isInteger(left)) {
    throw new CrossmodalError(`crop: top and left must be whole numbers, got ${top} and ${left}`);
  }
  const { data, shape } = image;
  const [rows, columns, channels] = shape;
  const out = new Float32Array(height * width * channels);
  if (fill !== 0) out.fill(fill);
  const from = Math.max(0, -left);
  const count = Math.min(width, columns - left) - from;
  for (let y = Math.max(0, -top); y < Math.min(height, rows - top) && count > 0; y++) {
    const start = ((y + top) * columns + left + from) * channels;
    out.set(data.subarray(start, start + count * channels), (y * width + from) * channels);
  }
  return { data: out, shape: [height, width, channels] };
}

/**
 * Cuts out the middle; a crop larger than the picture is padded with `fill` on both sides. When the rest is odd, the
 * crop starts at the nearest even place (torchvision) or at the lower one (the Hugging Face processors).
 *
 * @param image [height, width, channels]
 * @returns [options.height, options.width, channels]
 * @throws CrossmodalError when a side is not a positive whole number
 * @see torchvision.transforms.functional.center_crop
 * @example
 * const middle = centerCrop(image, { height: 224, width: 224 });
 */
export function centerCrop(
  image: Image,
  {
    height,
    width,
    fill = 0,
    rounding = 'even', // torchvision
    ...others
  }: {
    height: number;
    width: number;
    /** @default 0 */

    fill?: number;
    /** @default 'even' */

    rounding?: 'even' | 'down';
  },
): Image {
  assertKnownOptions('centerCrop', others, ['height', 'width', 'fill', 'rounding']);
  requireOneOf('centerCrop: rounding', rounding, ['even', 'down']);

  const offset =
    rounding === 'even' ? offsetToEven : (length: number, wanted: number) => Math.floor((length - wanted) / 2);
  const top = offset(image.shape[0], height);
  const left = offset(image.shape[1], width);
  return crop(image, { top, left, height, width }, { fill });
}

/** Half of what is too much, to the nearest even number when it is not whole; half of what is missing, rounded down. */
function offsetToEven(length: number, wanted: number): number {
  if (wanted > length) return -Math.floor((wanted - length) / 2);
  const half = (length - wanted) / 2;
  return Number.isInteger(half) ? half : 2 * Math.round(half / 2);
}

/** Mirrors left and right. @param image [height, width, channels] */
export function flipHorizontally({ data, shape }: Image): Image {
  const [, width, channels] = shape;
  return imageOf(shape, (y, x, c) => data[(y * width + width - 1 - x) * channels + c]!);
}
