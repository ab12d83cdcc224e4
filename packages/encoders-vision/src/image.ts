import { CrossmodalError } from '@crossmodal/core';
import type { HostArray } from '@crossmodal/core/data';

/** A picture in plain memory, [height, width, channels], red first; values in [0, 1] until they are normalised. */
export interface Image {
  readonly data: Float32Array;
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** A picture of whole bytes, [height, width, channels]: what decoding gives, and what a cache should hold. */
export interface BytePixels {
  readonly data: Uint8Array;
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** A picture to be encoded: path of a file, the bytes of one, or pixels (bytes count from 0 to 255, floats from 0 to 1). */
export type ImageItem = string | Uint8Array | HostArray;

/**
 * Pixels as floats: bytes are divided by 255, floats are shared as they are.
 *
 * @param pixels [height, width, channels]
 * @returns the same shape
 * @throws CrossmodalError unless the array has three dimensions that its values fill, and floats are finite
 * @example
 * const image = toImage(await decodeImage('cat.jpg'));
 */
export function toImage(pixels: HostArray): Image {
  checkPixels(pixels);
  const [height, width, channels] = pixels.shape;
  const shape = [height!, width!, channels!] as const;
  if (pixels.data instanceof Float32Array) {
    const bad = pixels.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new CrossmodalError(`toImage: pixels must be finite, got ${pixels.data[bad]} at index ${bad}`, {
        remedy: 'repair the picture, or leave it out',
      });
    }
    return { data: pixels.data, shape };
  }
  return { data: scaled(pixels.data, 1 / 255), shape };
}

/** @throws CrossmodalError unless the array has three dimensions that its values fill. */
export function checkPixels(pixels: HostArray): HostArray {
  const [height, width, channels] = pixels.shape;
  if (pixels.shape.length !== 3 || height! * width! * channels! !== pixels.data.length || pixels.data.length === 0) {
    throw new CrossmodalError(
      `toImage: pixels must be [height, width, channels], none of them zero, got [${pixels.shape}] and ${pixels.data.length} values`,
    );
  }
  return pixels;
}

/** Each value times a factor, to the nearest whole number if asked. A loop: `map` of typed arrays is many times slower. */
export function scaled(values: ArrayLike<number>, factor: number, { rounded = false } = {}): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = rounded ? Math.round(values[i]! * factor) : values[i]! * factor;
  return out;
}

/** An image of that shape, filled by `value(row, column, channel)`. */
export function imageOf(
  shape: readonly [number, number, number],
  value: (row: number, column: number, channel: number) => number,
): Image {
  const [height, width, channels] = shape;
  const data = new Float32Array(height * width * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++, i++) data[i] = value(y, x, c);
  }
  return { data, shape };
}
