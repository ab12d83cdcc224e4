import { CrossmodalError } from '@crossmodal/core';
import sharp from 'sharp';
import type { BytePixels } from '../image.js';
import { evenly } from './evenly.js';

/** Frames of an animated GIF or WebP, spread evenly; a still picture is a clip of one frame. Transparent places are white. */
export async function animatedFrames(bytes: Uint8Array, name: string, count: number): Promise<BytePixels[]> {
  if (isAnimatedPng(bytes)) {
    throw new CrossmodalError(`loadFrames: ${name} is an animated PNG, of which only the first picture can be read`, {
      remedy: 'save it as an animated WebP or GIF, or as a folder of pictures',
    });
  }
  try {
    const { data, info } = await sharp(bytes, { animated: true, failOn: 'truncated' })
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const height = info.pageHeight ?? info.height;
    const { width, channels } = info;
    const size = height * width * channels;
    return evenly(data.length / size, count).map((frame) => ({
      data: colours(data.subarray(frame * size, (frame + 1) * size), channels),
      shape: [height, width, 3] as const,
    }));
  } catch (cause) {
    const problem = (cause as Error).message.replace(/\s+/g, ' ').trim();
    throw new CrossmodalError(`loadFrames: ${name} cannot be decoded: ${problem}`, {
      remedy: 'check that it is a whole GIF, WebP, mp4 or webm file, or a folder of pictures',
      cause,
    });
  }
}

/** Red, green and blue of each pixel; grey is repeated. */
function colours(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const out = new Uint8Array((data.length / channels) * 3);
  for (let i = 0; i < out.length; i++) {
    const pixel = Math.floor(i / 3) * channels;
    out[i] = data[channels > 3 ? pixel + (i % 3) : pixel]!;
  }
  return out;
}

/** A PNG with an animation control chunk, which stands before the first picture data. */
function isAnimatedPng(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 2 ** 16)).toString('latin1');
  return head.startsWith('\x89PNG') && (head.split('IDAT')[0] as string).includes('acTL');
}
