import type { BytePixels } from '../image.js';
import { resizeBytes } from '../resize-bytes/resize-bytes.js';
import { type Fit, placement } from '../transform/fit.js';
import type { ResizeKernel } from '../transform/taps.js';

/**
 * `fitInto` with `eightBit`, of bytes.
 *
 * @param pixels [height, width, 3]
 * @param options.fill colour beside a contained picture, 0 to 255
 * @returns [options.height, options.width, 3]
 */
export async function fitBytes(
  pixels: BytePixels,
  {
    height,
    width,
    fit,
    kernel,
    fill,
  }: { height: number; width: number; fit: Fit; kernel: ResizeKernel; fill: readonly number[] },
): Promise<BytePixels> {
  const { inner, top, left } = placement(pixels.shape, { height, width }, fit);
  if (fit !== 'contain') return resizeBytes(pixels, { ...inner, kernel, window: { top, left, height, width } });
  const picture = await resizeBytes(pixels, { ...inner, kernel, window: { top: 0, left: 0, ...inner } });
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < data.length; i++) data[i] = fill[i % 3]!;
  const line = 3 * inner.width;
  for (let y = 0; y < inner.height; y++) {
    data.set(picture.data.subarray(y * line, (y + 1) * line), ((y - top) * width - left) * 3);
  }
  return { data, shape: [height, width, 3] };
}
