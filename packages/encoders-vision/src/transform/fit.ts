import { assertKnownOptions, requireInteger, requireOneOf } from '@crossmodal/core';
import type { Image } from '../image.js';
import { crop } from './crop.js';
import { type ResizeOptions, resize, resizeWindow } from './resize.js';
import { type ResizeKernel, resizeKernels } from './taps.js';

/** How a picture of other proportions fills a rectangle. */
export type Fit = 'cover' | 'contain' | 'stretch';

export const fits: readonly Fit[] = ['cover', 'contain', 'stretch'];

/**
 * Resizes a picture into a rectangle of other proportions: `cover` cuts off what is too much, at the centre; `contain`
 * shows all of it and fills the rest; `stretch` changes its proportions.
 *
 * @param image [height, width, channels]
 * @param options.fill value per channel beside a contained picture
 * @returns [options.height, options.width, channels]
 * @throws CrossmodalError when a side is not a positive whole number
 * @example
 * const square = fitInto(image, { height: 64, width: 64, fit: 'contain', fill: [1, 1, 1] });
 */
export function fitInto(
  image: Image,
  {
    height,
    width,
    fit = 'cover', // CLIP: shortest edge, then the centre
    fill = [0],
    ...resizing
  }: Omit<ResizeOptions, 'kernel'> & {
    kernel?: ResizeKernel;
    /** @default 'cover' */

    fit?: Fit;
    /** @default [0] */

    fill?: readonly number[];
  },
): Image {
  assertKnownOptions('fitInto', resizing, ['height', 'width', 'antialias', 'eightBit', 'kernel', 'fit', 'fill']);

  requireInteger('fitInto: height', height);
  requireInteger('fitInto: width', width);
  requireOneOf('fitInto: fit', fit, fits);
  if (resizing.kernel !== undefined) requireOneOf('fitInto: kernel', resizing.kernel, resizeKernels);
  const { inner, top, left } = placement(image.shape, { height, width }, fit);
  if (fit !== 'contain') {
    const { kernel = 'bicubic', antialias = true, eightBit = false } = resizing; // as resize
    return resizeWindow(image, { ...inner, kernel, antialias, eightBit, window: { top, left, height, width } });
  }
  const resized = resize(image, { ...inner, ...resizing });
  if (inner.height === height && inner.width === width) return resized;
  const channels = image.shape[2];
  const out = crop(resized, { top, left, height, width }, { fill: Number.NaN });
  for (let i = 0; i < out.data.length; i++) {
    if (Number.isNaN(out.data[i])) out.data[i] = fill[(i % channels) % fill.length]!;
  }
  return out;
}

/** Where a fitted picture lies: its size before it is cut or framed, and the first row and column that are kept of it. */
interface Placement {
  inner: { height: number; width: number };
  top: number;
  left: number;
}

/** Sides are cut to whole numbers and the middle is rounded down, as the Hugging Face processors do. */
export function placement(
  [rows, columns]: readonly [number, number, ...unknown[]],
  { height, width }: { height: number; width: number },
  fit: Fit,
): Placement {
  if (fit === 'stretch') return { inner: { height, width }, top: 0, left: 0 };
  const byWidth = width * rows >= height * columns === (fit === 'cover');
  const inner = byWidth
    ? { height: Math.max(1, Math.trunc((width * rows) / columns)), width }
    : { height, width: Math.max(1, Math.trunc((height * columns) / rows)) };
  return { inner, top: Math.floor((inner.height - height) / 2), left: Math.floor((inner.width - width) / 2) };
}
