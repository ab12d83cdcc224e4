import { CrossmodalError } from '@crossmodal/core';
import type { Image } from '../image.js';

export interface NormalizeOptions {
  /** Per channel, or one for all. */
  mean?: number | readonly number[] | undefined;
  standardDeviation?: number | readonly number[] | undefined;
}

/** Means and standard deviations of the colours of well-known data sets and models, red first. */
export const normalizations = {
  /** torchvision, DINOv2 */
  imagenet: { mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225] },
  /** OpenAI CLIP */
  clip: {
    mean: [0.48145466, 0.4578275, 0.40821073],
    standardDeviation: [0.26862954, 0.26130258, 0.27577711],
  },
  /** ViT, SigLIP: to [-1, 1] */
  half: { mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5] },
} as const satisfies Record<string, NormalizeOptions>;

/**
 * Normalises each channel: (v - mean) / standardDeviation.
 *
 * @param image [height, width, channels]
 * @returns the same shape
 * @throws CrossmodalError when there is not one number per channel, or a deviation is not positive
 * @example
 * const ready = normalize(image, normalizations.imagenet);
 */
export function normalize(
  image: Image,
  {
    mean = 0.5, // to [-1, 1], as ViT and SigLIP do
    standardDeviation = 0.5,
  }: NormalizeOptions = {},
): Image {
  const channels = image.shape[2];
  const means = perChannel('mean', mean, channels);
  const deviations = perChannel('standardDeviation', standardDeviation, channels);
  if (deviations.some((v) => !(v > 0))) {
    throw new CrossmodalError(`normalize: standardDeviation must be positive, got ${deviations.join(', ')}`);
  }
  const data = new Float32Array(image.data.length);
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) data[i + c] = (image.data[i + c]! - means[c]!) / deviations[c]!;
  }
  return { data, shape: image.shape };
}

function perChannel(name: string, value: number | readonly number[], channels: number): readonly number[] {
  if (typeof value === 'number') return new Array<number>(channels).fill(value);
  if (value.length !== channels) {
    throw new CrossmodalError(
      `normalize: ${name} must have one number for each of ${channels} channels, got ${value.length}`,
    );
  }
  return value;
}
