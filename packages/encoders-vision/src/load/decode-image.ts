import { CrossmodalError } from '@crossmodal/core';
import sharp from 'sharp';
import { type BytePixels, requireInteger, toImage } from '../image.js';
import { type Fit, fitInto, placement } from '../transform/fit.js';
import { readSource } from './read-source.js';

export interface DecodeImageOptions {
  /** Side of the square wanted, or its height and width; as in the file unless given. */
  size?: number | readonly [height: number, width: number];
  /**
   * How a picture of other proportions fills the size: `cover` cuts off what is too much, at the centre; `contain` shows
   * all of it and fills the rest with `background`; `stretch` changes its proportions.
   */
  fit?: Fit;
  /** Colour under transparent places and beside a contained picture: a CSS colour. `null` drops alpha instead. */
  background?: string | null;
  /** What resizing interpolates with; shrinking always smooths. */
  kernel?: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';
}

const sharpKernels = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;

/** An SVG is drawn for 72 dots per inch unless told otherwise. */
const svgDensity = 72;

/**
 * Decodes a picture (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG) and resizes it, on sharp's own threads. Its orientation tag is
 * obeyed, 16-bit values keep their high byte, and an SVG is drawn at the size that is asked for. Shrinking differs from
 * PIL by 0.001 of the range on average; enlarging, which libvips does about other centres, is done as PIL does it.
 *
 * @param source path of a file, or the bytes of one
 * @returns red, green and blue, [height, width, 3], 0 to 255
 * @throws CrossmodalError naming the file when it does not exist, is empty, cut short, or not a picture
 * @see https://sharp.pixelplumbing.com
 * @example
 * const pixels = await decodeImage('cat.jpg', { size: 64 });
 */
export async function decodeImage(
  source: string | Uint8Array,
  {
    size,
    fit = 'cover', // CLIP: shortest edge, then the centre
    background = 'white',
    kernel = 'bicubic', // CLIP, SigLIP, DINOv2
  }: DecodeImageOptions = {},
): Promise<BytePixels> {
  const target = sizeOf(size);
  const { bytes, name } = await readSource(source);
  try {
    const { density, enlarges, shape } = await plan(bytes, target, fit);
    let picture = sharp(bytes, { failOn: 'truncated', ...(density ? { density } : {}) }).autoOrient();
    // Alpha is blended before resizing; to drop it, the colours beneath must be taken as they are, not weighed by it.
    if (background !== null) picture = picture.flatten({ background });
    if (!target) return await rawPixels(picture);
    if (enlarges) return await enlarged(await rawPixels(picture), target, { fit, kernel, background });
    if (background === null) picture = await withoutAlpha(picture);
    return await rawPixels(shrunk(picture, shape, target, { fit, kernel, background }));
  } catch (cause) {
    const problem = (cause as Error).message.replace(/\s+/g, ' ').trim();
    throw new CrossmodalError(`decodeImage: ${name} cannot be decoded: ${problem}`, {
      remedy: 'check that the file is a whole JPEG, PNG, WebP, AVIF, GIF, TIFF or SVG',
      cause,
    });
  }
}

interface Fitting {
  fit: Fit;
  kernel: keyof typeof sharpKernels;
  background: string | null;
}

interface Size {
  height: number;
  width: number;
}

function sizeOf(size: DecodeImageOptions['size']): Size | undefined {
  if (size === undefined) return undefined;
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  requireInteger('decodeImage: height', height, 1);
  requireInteger('decodeImage: width', width, 1);
  return { height, width };
}

interface Plan {
  /** For an SVG smaller than what is asked for, dots per inch that draw it large enough. */
  density?: number;
  /** A picture of pixels is smaller than what is asked for. */
  enlarges: boolean;
  /** Height and width after the orientation tag was obeyed. */
  shape: [height: number, width: number];
}

async function plan(bytes: Uint8Array, target: Size | undefined, fit: Fit): Promise<Plan> {
  if (!target) return { enlarges: false, shape: [0, 0] };
  const { format, autoOrient } = await sharp(bytes).metadata();
  const { height, width } = autoOrient;
  if (format !== 'svg') {
    const { inner } = placement([height, width], target, fit);
    return { enlarges: inner.width > width || inner.height > height, shape: [height, width] };
  }
  const scale = Math.max(target.height / height, target.width / width);
  return { enlarges: false, shape: [height, width], ...(scale > 1 ? { density: Math.ceil(svgDensity * scale) } : {}) };
}

function shrunk(
  picture: sharp.Sharp,
  shape: Plan['shape'],
  target: Size,
  { fit, kernel, background }: Fitting,
): sharp.Sharp {
  const { inner, top, left } = placement(shape, target, fit);
  const resized = picture.resize(inner.width, inner.height, {
    fit: 'fill',
    kernel: sharpKernels[kernel],
    fastShrinkOnLoad: false, // JPEG's own halving blurs otherwise than the kernel
  });
  if (fit === 'cover') return resized.extract({ left, top, ...target });
  return resized.extend({
    top: -top,
    left: -left,
    bottom: target.height - inner.height + top,
    right: target.width - inner.width + left,
    background: background ?? 'black',
  });
}

async function enlarged(pixels: BytePixels, target: Size, { fit, kernel, background }: Fitting): Promise<BytePixels> {
  const colour = await rawPixels(
    sharp({ create: { width: 1, height: 1, channels: 3, background: background ?? 'black' } }),
  );
  const fill = [...colour.data].map((v) => v / 255);
  const image = fitInto(toImage(pixels), { ...target, fit, kernel, fill, eightBit: true });
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(image.data[i]! * 255);
  return { data, shape: [target.height, target.width, 3] };
}

async function rawPixels(picture: sharp.Sharp): Promise<BytePixels> {
  const { data, info } = await picture.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { data: info.channels === 3 ? data : repeated(data, info.channels), shape: [info.height, info.width, 3] };
}

async function withoutAlpha(picture: sharp.Sharp): Promise<sharp.Sharp> {
  const { data, shape } = await rawPixels(picture);
  return sharp(data, { raw: { height: shape[0], width: shape[1], channels: 3 } });
}

/** One grey channel to three. */
function repeated(grey: Uint8Array, channels: number): Uint8Array {
  const data = new Uint8Array((grey.length / channels) * 3);
  for (let i = 0; i < data.length; i++) data[i] = grey[Math.floor(i / 3) * channels]!;
  return data;
}
