import { assertKnownOptions, CrossmodalError, requireInteger, requireOneOf } from '@crossmodal/core';
import { type Image, scaled } from '../image.js';
import type { Box } from './crop.js';
import { quantise, type ResizeKernel, resizeKernels, rowsFirst, type Taps, taps } from './taps.js';

export interface ResizeOptions {
  height: number;
  width: number;
  /** @default 'bicubic' */
  kernel?: ResizeKernel;
  /**
   * Widens the kernel when shrinking, so that every source pixel counts; without it only for bilinear and bicubic.
   * @default true
   */
  antialias?: boolean;
  /**
   * Rounds to whole steps of 1/255 after each of the two passes, as PIL does on bytes.
   * @default false
   */
  eightBit?: boolean;
}

/** Numbers that a resized picture may have: 1 GB. */
const most = 2 ** 28;

/**
 * Resizes by separable interpolation: y = sum_i k((i + 1/2 - c) / s) x_i / sum_i k(...), with
 * c = (o + 1/2) in / out for output place o and s = max(1, in / out) (1 without `antialias`). Equal to PIL with `eightBit`,
 * to torch.nn.functional.interpolate without. (Without antialias, torch's bicubic has a = -0.75 instead of -0.5; so has this.)
 *
 * @param image [height, width, channels]
 * @returns [options.height, options.width, channels]; bicubic and lanczos may leave [0, 1] a little unless `eightBit`
 * @throws CrossmodalError when a side is not a positive whole number, or the result would have more than 2^28 numbers
 * @see PIL.Image.resize; Keys (1981), "Cubic convolution interpolation for digital image processing"
 * @example
 * const small = resize(image, { height: 32, width: 32 });
 */
export function resize(
  image: Image,
  {
    height,
    width,
    kernel = 'bicubic', // CLIP, SigLIP, DINOv2
    antialias = true, // PIL, torchvision
    eightBit = false,
    ...others
  }: ResizeOptions,
): Image {
  assertKnownOptions('resize', others, ['height', 'width', 'kernel', 'antialias', 'eightBit']);

  requireInteger('resize: height', height);
  requireInteger('resize: width', width);
  requireOneOf('resize: kernel', kernel, resizeKernels);
  return resizeWindow(image, {
    height,
    width,
    kernel,
    antialias,
    eightBit,
    window: { top: 0, left: 0, height, width },
  });
}

/** The part of a resized picture that is wanted; only that is computed. */
export function resizeWindow(
  image: Image,
  { height, width, kernel, antialias, eightBit, window }: Required<ResizeOptions> & { window: Box },
): Image {
  const channels = image.shape[2];
  if (window.height * window.width * channels > most) {
    throw new CrossmodalError(
      `resize: a picture of ${window.height} x ${window.width} with ${channels} channels has more than ${most} numbers; choose a smaller height and width`,
    );
  }
  const columns = taps(image.shape[1], width, kernel, antialias, { first: window.left, count: window.width });
  const rows = taps(image.shape[0], height, kernel, antialias, { first: window.top, count: window.height });
  if (eightBit) for (const weights of [...columns.weights, ...rows.weights]) quantise(weights);
  // On whole bytes the sums are exact, and halves round as they do in PIL.
  const steps = eightBit ? { ...image, data: scaled(image.data, 255, { rounded: true }) } : image;
  const across = (given: Image) =>
    given.shape[1] === width && window.width === width ? given : alongWidth(given, window.width, columns, eightBit);
  const down = (given: Image) =>
    given.shape[0] === height && window.height === height ? given : alongHeight(given, window.height, rows, eightBit);
  const out = rowsFirst(image.shape, height, width) ? across(down(steps)) : down(across(steps));
  return eightBit ? { ...out, data: scaled(out.data, 1 / 255) } : out;
}

function alongWidth(
  { data, shape: [height, from, channels] }: Image,
  to: number,
  taps: Taps,
  eightBit: boolean,
): Image {
  const out = new Float32Array(height * to * channels);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      const weight = taps.weights[x]!;
      const start = (y * from + taps.starts[x]!) * channels;
      for (let c = 0; c < channels; c++, o++) {
        let sum = 0;
        for (let i = 0; i < weight.length; i++) sum += weight[i]! * data[start + i * channels + c]!;
        out[o] = eightBit ? rounded(sum) : sum;
      }
    }
  }
  return { data: out, shape: [height, to, channels] };
}

function alongHeight({ data, shape: [, width, channels] }: Image, to: number, taps: Taps, eightBit: boolean): Image {
  const line = width * channels;
  const out = new Float32Array(to * line);
  const sums = new Float64Array(line);
  for (let y = 0; y < to; y++) {
    sums.fill(0);
    taps.weights[y]!.forEach((weight, i) => {
      const start = (taps.starts[y]! + i) * line;
      for (let k = 0; k < line; k++) sums[k]! += weight * data[start + k]!;
    });
    for (let k = 0; k < line; k++) out[y * line + k] = eightBit ? rounded(sums[k]!) : sums[k]!;
  }
  return { data: out, shape: [to, width, channels] };
}

function rounded(value: number): number {
  return Math.min(255, Math.max(0, Math.floor(value + 0.5)));
}

/**
 * Height and width after the shorter side became `shortestEdge`, proportions kept; the longer one is cut to a whole number.
 * @see torchvision.transforms.Resize with one number
 */
export function shortestEdgeSize(
  [height, width]: readonly [height: number, width: number],
  shortestEdge: number,
): { height: number; width: number } {
  requireInteger('shortestEdgeSize: shortestEdge', shortestEdge);
  return height <= width
    ? { height: shortestEdge, width: Math.trunc((shortestEdge * width) / height) }
    : { height: Math.trunc((shortestEdge * height) / width), width: shortestEdge };
}
