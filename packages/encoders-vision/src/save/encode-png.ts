import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { HostArray } from '@crossmodal/core/data';
import sharp from 'sharp';
import { imageOf, toImage } from '../image.js';

/**
 * A picture as the bytes of a PNG file.
 *
 * @param pixels [height, width, channels], 1 for grey or 3 for red, green, blue; bytes from 0 to 255, or floats from 0 to 1, which
 *   are clipped
 * @throws CrossmodalError for another number of channels, or floats that are not finite
 * @example
 * await writeFile('drawing.png', await encodePng({ data, shape: [32, 32, 3] }));
 */
export async function encodePng(pixels: HostArray): Promise<Uint8Array> {
  const { data, shape } = toImage(pixels);
  const [height, width, channels] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new CrossmodalError(`encodePng: pictures have 1 or 3 channels, got [${shape}]`);
  }
  const bytes = Uint8Array.from(data, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return sharp(bytes, { raw: { width, height, channels } }).png().toBuffer();
}

/**
 * Pictures of one size in rows and columns, as one PNG file: what a generator drew, at a glance.
 *
 * @param pictures [height, width, channels] each, as `encodePng` takes them, row by row
 * @param options.columns pictures beside one another
 * @param options.gap pixels between them and around
 * @param options.background grey of the gaps and of places that stay empty, from 0 to 1
 * @throws CrossmodalError without pictures, or for pictures of several shapes
 * @example
 * const file = await encodePngGrid(pictures, { columns: 8 });
 */
export async function encodePngGrid(
  pictures: readonly HostArray[],
  {
    columns = 8,
    gap = 2, // torchvision's make_grid
    background = 1,
    ...others
  }: {
    /** @default 8 */
    columns?: number;
    /** @default 2 */
    gap?: number;
    /** @default 1 */
    background?: number;
  } = {},
): Promise<Uint8Array> {
  assertKnownOptions('encodePngGrid', others, ['columns', 'gap', 'background']);
  requireInteger('encodePngGrid: columns', columns);
  requireInteger('encodePngGrid: gap', gap, 0);
  const images = pictures.map(toImage);
  const shape = images[0]?.shape;
  const other = images.find((image) => image.shape.some((size, axis) => size !== shape?.[axis]));
  if (!shape || other) {
    throw new CrossmodalError(
      `encodePngGrid: one picture or more of one shape are needed, got ${other ? `[${shape}] and [${other.shape}]` : 'none'}`,
    );
  }
  const [height, width, channels] = shape;
  const across = Math.min(columns, images.length);
  const rows = Math.ceil(images.length / across);
  const grid = imageOf([rows * (height + gap) + gap, across * (width + gap) + gap, channels], (y, x, c) => {
    const [row, column] = [Math.floor((y - gap) / (height + gap)), Math.floor((x - gap) / (width + gap))];
    const [top, left] = [y - gap - row * (height + gap), x - gap - column * (width + gap)];
    const image = row < 0 || column < 0 || column >= across ? undefined : images[row * across + column];
    return image && top < height && left < width ? image.data[(top * width + left) * channels + c]! : background;
  });
  return encodePng(grid);
}
