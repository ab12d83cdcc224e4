import { assertKnownOptions, CrossmodalError, requireInteger, requirePositive } from '@crossmodal/core';
import { type Image, imageOf } from '../image.js';

/**
 * Blurs with a Gaussian kernel, exp(-x^2 / (2 sigma^2)) normalised; edges are mirrored (without the edge itself).
 *
 * @param image [height, width, channels]
 * @param options.size side of the kernel, odd; `sigma` in pixels
 * @returns the same shape
 * @throws CrossmodalError when the size is even, sigma is not positive, or the kernel reaches beyond the mirrored picture
 * @see torchvision.transforms.functional.gaussian_blur
 * @example
 * const soft = gaussianBlur(image, { size: 5, sigma: 1 });
 */
export function gaussianBlur(image: Image, { size, sigma, ...others }: { size: number; sigma: number }): Image {
  assertKnownOptions('gaussianBlur', others, ['size', 'sigma']);

  requireInteger('gaussianBlur: size', size);
  if (size % 2 === 0) throw new CrossmodalError(`gaussianBlur: size must be odd, got ${size}`);
  requirePositive('gaussianBlur: sigma', sigma);
  const half = (size - 1) / 2;
  const [height, width, channels] = image.shape;
  if (half >= Math.min(height, width)) {
    throw new CrossmodalError(`gaussianBlur: a kernel of ${size} is too large for a picture of ${height} x ${width}`);
  }
  const raw = Float64Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
  const sum = raw.reduce((a, b) => a + b, 0);
  const kernel = raw.map((v) => v / sum);
  const pass = (data: Float32Array, vertical: boolean) =>
    imageOf(image.shape, (y, x, c) => {
      let total = 0;
      for (let i = -half; i <= half; i++) {
        const row = vertical ? mirrored(y + i, height) : y;
        const column = vertical ? x : mirrored(x + i, width);
        total += kernel[i + half]! * data[(row * width + column) * channels + c]!;
      }
      return total;
    }).data;
  return { data: pass(pass(image.data, false), true), shape: image.shape };
}

function mirrored(i: number, length: number): number {
  if (i < 0) return -i;
  return i < length ? i : 2 * (length - 1) - i;
}
