import { assertKnownOptions, CrossmodalError, requireInteger, requireOneOf } from '@crossmodal/core';
import sharp from 'sharp';
import type { BytePixels } from '../image.js';
import { type Fit, fits } from '../transform/fit.js';
import { fitBytes } from './fit-bytes.js';
import { readSource } from './read-source.js';

export interface DecodeImageOptions {
  /** Side of the square wanted, or its height and width; as in the file unless given. */
  size?: number | readonly [height: number, width: number];
  /**
   * How a picture of other proportions fills the size: `cover` cuts off what is too much, at the centre; `contain` shows
   * all of it and fills the rest with `background`; `stretch` changes its proportions.
   * @default 'cover'
   */
  fit?: Fit;
  /**
   * Colour under transparent places and beside a contained picture: a CSS colour. `null` drops alpha instead.
   * @default 'white'
   */
  background?: string | null;
  /**
   * What resizing interpolates with; shrinking always smooths.
   * @default 'bicubic'
   */
  kernel?: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';
}

/** An SVG is drawn for 72 dots per inch unless told otherwise. */
const svgDensity = 72;

/**
 * Decodes a picture (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG) on sharp's own threads, and resizes it to PIL's bytes. Its
 * orientation tag is obeyed, 16-bit values keep their high byte, and an SVG is drawn at the size that is asked for.
 * Resizing takes the calling thread less than half a millisecond for a photograph of 481 x 321, longer ones give way every
 * few milliseconds. Pictures of more than 268,402,689 pixels (16,383 squared, sharp's limit) are refused.
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
    ...others
  }: DecodeImageOptions = {},
): Promise<BytePixels> {
  assertKnownOptions('decodeImage', others, ['size', 'fit', 'background', 'kernel']);

  checkDecoding('decodeImage', { size, fit, background, kernel });
  const target = sizeOf(size);
  const { bytes, name } = await readSource(source);
  try {
    const density = target && !hasPixels(bytes) ? await densityFor(bytes, target) : undefined;
    let picture = sharp(bytes, { failOn: 'truncated', ...(density ? { density } : {}) }).autoOrient();
    if (background !== null) picture = picture.flatten({ background });
    const pixels = await rawPixels(picture);
    if (!target) return pixels;
    return await fitBytes(pixels, { ...target, fit, kernel, fill: fit === 'contain' ? await colour(background) : [] });
  } catch (cause) {
    const problem = (cause as Error).message.replace(/\s+/g, ' ').trim();
    throw new CrossmodalError(`decodeImage: ${name} cannot be decoded: ${problem}`, {
      remedy: 'check that the file is a whole JPEG, PNG, WebP, AVIF, GIF, TIFF or SVG',
      cause,
    });
  }
}

const decodingKernels = ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const;

/** Refuses names and colours that do not exist before any file is blamed for them. */
export function checkDecoding(
  where: string,
  { size, fit = 'cover', background, kernel = 'bicubic' }: DecodeImageOptions,
): void {
  if (size !== undefined) {
    for (const side of typeof size === 'number' ? [size] : size) requireInteger(`${where}: size`, side);
  }
  requireOneOf(`${where}: fit`, fit, fits);
  requireOneOf(`${where}: kernel`, kernel, decodingKernels);
  if (typeof background !== 'string' || background === 'white') return;
  try {
    sharp({ create: { width: 1, height: 1, channels: 3, background } });
  } catch (cause) {
    throw new CrossmodalError(`${where}: background must be a CSS colour or null, got '${background}'`, { cause });
  }
}

interface Size {
  height: number;
  width: number;
}

function sizeOf(size: DecodeImageOptions['size']): Size | undefined {
  if (size === undefined) return undefined;
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  requireInteger('decodeImage: height', height);
  requireInteger('decodeImage: width', width);
  return { height, width };
}

/** Whether the bytes begin like a JPEG, PNG, GIF or WebP: for those there is no need to ask what they are. */
function hasPixels(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 4));
  return ['\xff\xd8\xff', '\x89PNG', 'GIF8', 'RIFF'].some((magic) => text.startsWith(magic));
}

/** For an SVG smaller than what is asked for, dots per inch that draw it large enough. */
async function densityFor(bytes: Uint8Array, target: Size): Promise<number | undefined> {
  const { format, height, width } = await sharp(bytes).metadata();
  const scale = format === 'svg' ? Math.max(target.height / height, target.width / width) : 1;
  return scale > 1 ? Math.ceil(svgDensity * scale) : undefined;
}

/** A CSS colour as bytes of red, green, blue; black unless given. */
async function colour(background: string | null): Promise<readonly number[]> {
  const place = { width: 1, height: 1, channels: 3, background: background ?? 'black' } as const;
  return [...(await rawPixels(sharp({ create: place }))).data];
}

async function rawPixels(picture: sharp.Sharp): Promise<BytePixels> {
  const { data, info } = await picture.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { data: info.channels === 3 ? data : repeated(data, info.channels), shape: [info.height, info.width, 3] };
}

/** One grey channel to three. */
function repeated(grey: Uint8Array, channels: number): Uint8Array {
  const data = new Uint8Array((grey.length / channels) * 3);
  for (let i = 0; i < data.length; i++) data[i] = grey[Math.floor(i / 3) * channels]!;
  return data;
}
