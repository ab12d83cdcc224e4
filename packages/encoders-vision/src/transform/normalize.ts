import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
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
export function normalize(image: Image, options: NormalizeOptions = {}): Image {
  assertKnownOptions('normalize', options, ['mean', 'standardDeviation']);

  const data = new Float32Array(image.data.length);
  normalizer(image.shape[2], options)(data, 0, image.data);
  return { data, shape: image.shape };
}

/** `normalize` of floats, or of bytes as their 255th parts, into a place of a larger array. */
export function normalizer(
  channels: number,
  {
    mean = 0.5, // to [-1, 1], as ViT and SigLIP do
    standardDeviation = 0.5,
  }: NormalizeOptions,
): (out: Float32Array, at: number, data: Float32Array | Uint8Array) => void {
  const means = perChannel('mean', mean, channels);
  const deviations = perChannel('standardDeviation', standardDeviation, channels);
  if (deviations.some((v) => !(v > 0))) {
    throw new CrossmodalError(`normalize: standardDeviation must be positive, got ${deviations.join(', ')}`);
  }
  // A byte has 256 values: a table of their results is faster than to compute each anew.
  const tables = means.map((offset, c) => {
    const table = new Float32Array(256);
    for (let byte = 0; byte < 256; byte++) table[byte] = (Math.fround(byte * (1 / 255)) - offset) / deviations[c]!;
    return table;
  });
  return (out, at, data) => {
    if (data instanceof Uint8Array && channels === 3) return colours(out, at, data, tables);
    for (let c = 0; c < channels; c++) {
      const [offset, scale, table] = [means[c]!, deviations[c]!, tables[c]!];
      if (data instanceof Uint8Array) for (let i = c; i < data.length; i += channels) out[at + i] = table[data[i]!]!;
      else for (let i = c; i < data.length; i += channels) out[at + i] = (data[i]! - offset) / scale;
    }
  };
}

/** The common case in one pass. */
function colours(out: Float32Array, at: number, data: Uint8Array, tables: readonly Float32Array[]): void {
  const [red, green, blue] = tables as [Float32Array, Float32Array, Float32Array];
  for (let i = 0, o = at; i < data.length; i += 3, o += 3) {
    out[o] = red[data[i]!]!;
    out[o + 1] = green[data[i + 1]!]!;
    out[o + 2] = blue[data[i + 2]!]!;
  }
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
