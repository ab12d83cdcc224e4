import { CrossmodalError } from '@crossmodal/core';
import sharp from 'sharp';

/** Pixels of an uploaded picture at most: those of a large camera. Decoded they take 150 MB. */
const mostPixels = 50_000_000;
/** An SVG is drawn so large that it fills the square that an encoder looks at; this is that of the largest. */
const drawnSide = 512;

/**
 * Refuses a picture whose few bytes stand for a great many pixels, before they are decoded.
 *
 * @throws CrossmodalError when it has more than 50 megapixels, or does not say how many
 */
export async function checkPicture(bytes: Uint8Array): Promise<void> {
  const { width, height, format } = await sharp(bytes)
    .metadata()
    .catch((cause: Error) => {
      throw new CrossmodalError(`search: the picture cannot be read: ${cause.message.replace(/\s+/g, ' ').trim()}`, {
        remedy: 'check that the file is a whole JPEG, PNG, WebP, AVIF, GIF, TIFF or SVG',
        cause,
      });
    });
  const scale = format === 'svg' ? Math.max(1, drawnSide / Math.min(width, height)) : 1;
  if (width * height * scale ** 2 <= mostPixels) return;
  throw new CrossmodalError(`search: a picture may have at most ${mostPixels} pixels, got ${width} x ${height}`, {
    remedy: 'make it smaller',
  });
}
