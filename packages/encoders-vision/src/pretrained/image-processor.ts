import { CrossmodalError } from '@crossmodal/core';
import { Config } from '@crossmodal/core/blocks';
import type { BytePixels } from '../image.js';
import { resizeBytes } from '../resize-bytes/resize-bytes.js';
import { shortestEdgeSize } from '../transform/resize.js';
import type { ResizeKernel } from '../transform/taps.js';

/** What a preprocessor_config.json asks for, step by step. */
export interface ImageProcessor {
  /** The size before the middle is cut out, from that of the picture. */
  resized(shape: readonly [height: number, width: number]): { height: number; width: number };
  crop: { height: number; width: number } | undefined;
  kernel: ResizeKernel;
  /** Multiplies bytes, before `offset` is added. */
  scale: number;
  offset: number;
  mean: readonly number[];
  standardDeviation: readonly number[];
}

/** PIL's numbers of its kernels. */
const kernels: Readonly<Record<number, ResizeKernel>> = { 0: 'nearest', 1: 'lanczos', 2: 'bilinear', 3: 'bicubic' };

/** The processor when a folder has none: what ViT's does. */
export function usualProcessor(size: readonly [height: number, width: number]): ImageProcessor {
  return {
    resized: () => ({ height: size[0], width: size[1] }),
    crop: undefined,
    kernel: 'bilinear',
    scale: 1 / 255,
    offset: 0,
    mean: [0.5, 0.5, 0.5],
    standardDeviation: [0.5, 0.5, 0.5],
  };
}

/** Sizes are a number, a pair, or named; a number means the shorter side or a square, by the kind of processor. */
function sizeOf(config: Config, key: string): { height: number; width: number } | { shortest: number } | undefined {
  const value = config.raw(key);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return { shortest: config.size(key) };
  const part = config.part(key)!;
  if (part.has('height')) return { height: part.size('height'), width: part.size('width') };
  return { shortest: part.size('shortest_edge') };
}

/** One number per colour; 0.5 unless given. */
function threeOf(config: Config, key: string): readonly number[] {
  const value = config.raw(key) ?? [0.5, 0.5, 0.5];
  if (!Array.isArray(value) || value.length !== 3 || !value.every((v) => typeof v === 'number')) {
    throw new CrossmodalError(`${config.label}: ${key} must be three numbers, got ${JSON.stringify(value)}`);
  }
  return value as number[];
}

/** What transformers calls the processors whose steps are those below, before `ImageProcessor` and the like. */
const processors = ['Bit', 'CLIP', 'ConvNext', 'DeiT', 'EfficientNet', 'MobileNetV1', 'MobileNetV2', 'Siglip', 'ViT'];

/** Others may have steps of their own, which no key of the file tells. */
function checkType(type: string, label: string): void {
  const name = /^(.*?)(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/.exec(type)?.[1] ?? type;
  if (type === '' || processors.includes(name)) return;
  throw new CrossmodalError(
    `${label}: image_processor_type must be one of ${processors.map((one) => `${one}ImageProcessor`).join(', ')}, got '${type}'`,
    { remedy: 'write the steps as one of these has them: size, crop_size, resample, image_mean, image_std' },
  );
}

/** Processors whose single number is a square. */
const squareTypes = /^(ViT|DeiT|Siglip|EfficientNet)/;

/**
 * Reads a preprocessor_config.json of transformers.
 *
 * @throws CrossmodalError when it asks for a step that is not known
 */
export function imageProcessor(values: Readonly<Record<string, unknown>>, label: string): ImageProcessor {
  const config = new Config(values, label);
  const type = config.text('image_processor_type', config.text('feature_extractor_type', ''));
  checkType(type, label);
  const doResize = config.flag('do_resize', true);
  const size = sizeOf(config, 'size');
  const percentage = /^ConvNext/.test(type) ? config.number('crop_pct', 224 / 256) : undefined;
  const given = size && 'shortest' in size ? size.shortest : undefined;
  const isSquare = squareTypes.test(type) && typeof config.raw('size') === 'number';
  const cropSize = config.flag('do_center_crop') ? sizeOf(config, 'crop_size') : undefined;
  const square = (side: number) => ({ height: side, width: side });
  let crop = cropSize && ('shortest' in cropSize ? square(cropSize.shortest) : cropSize);
  let resized: ImageProcessor['resized'];
  if (!doResize || !size) resized = ([height, width]) => ({ height, width });
  else if (given === undefined) resized = () => size as { height: number; width: number };
  else if (isSquare) resized = () => square(given);
  else if (percentage !== undefined && given >= 384) resized = () => square(given);
  else if (percentage !== undefined) {
    const edge = Math.trunc(given / percentage);
    resized = (shape) => shortestEdgeSize(shape, edge);
    crop = square(given);
  } else resized = (shape) => shortestEdgeSize(shape, given);
  const resample = config.integer('resample', 2);
  const kernel = kernels[resample];
  if (!kernel) throw new CrossmodalError(`${label}: resample must be 0, 1, 2 or 3 of PIL, got ${resample}`);
  const normalizes = config.flag('do_normalize', true);
  const factor = config.flag('do_rescale', true) ? config.number('rescale_factor', 1 / 255) : 1;
  const offset = config.flag('rescale_offset') ? -1 : 0;
  const mean = normalizes ? threeOf(config, 'image_mean') : [0, 0, 0];
  const deviation = normalizes ? threeOf(config, 'image_std') : [1, 1, 1];
  // EfficientNet's divides by the deviation a second time.
  const twice = normalizes && /^EfficientNet/.test(type) && config.flag('include_top', true);
  const standardDeviation = twice ? deviation.map((value) => value * value) : deviation;
  return { resized, crop, kernel, scale: factor, offset, mean, standardDeviation };
}

/** The kernels by timm's names. */
const timmKernels: Readonly<Record<string, ResizeKernel>> = {
  bilinear: 'bilinear',
  bicubic: 'bicubic',
  lanczos: 'lanczos',
  nearest: 'nearest',
};

/** Reads `pretrained_cfg` of timm's config.json: evaluation by its `crop_pct`. */
export function timmProcessor(config: Config): ImageProcessor {
  const shape = config.sizes('input_size', [3, 224, 224]);
  const [height, width] = [shape[1]!, shape[2]!];
  const edge = Math.floor(Math.min(height, width) / config.number('crop_pct', 0.875));
  const kernel = timmKernels[config.text('interpolation', 'bilinear')];
  if (!kernel)
    throw new CrossmodalError(`${config.label}: interpolation must be one of ${Object.keys(timmKernels).join(', ')}`);
  return {
    resized: (picture) => shortestEdgeSize(picture, edge),
    crop: { height, width },
    kernel,
    scale: 1 / 255,
    offset: 0,
    mean: (config.raw('mean') as number[] | undefined) ?? [0.485, 0.456, 0.406],
    standardDeviation: (config.raw('std') as number[] | undefined) ?? [0.229, 0.224, 0.225],
  };
}

/**
 * A picture as the processor makes it, on bytes as PIL does: resized, its middle cut out (zeros beside a smaller one).
 *
 * @returns bytes [height, width, 3]
 */
export async function processedBytes(
  pixels: BytePixels,
  { resized, crop, kernel }: ImageProcessor,
): Promise<BytePixels> {
  const size = resized([pixels.shape[0], pixels.shape[1]]);
  const whole = { top: 0, left: 0, ...size };
  if (!crop) return resizeBytes(pixels, { ...size, kernel, window: whole });
  const top = Math.floor((size.height - crop.height) / 2);
  const left = Math.floor((size.width - crop.width) / 2);
  if (top >= 0 && left >= 0) return resizeBytes(pixels, { ...size, kernel, window: { top, left, ...crop } });
  const picture = await resizeBytes(pixels, { ...size, kernel, window: whole });
  return centred(picture, crop);
}

/** The middle of a picture, zeros beside it where it is smaller. */
function centred({ data, shape }: BytePixels, { height, width }: { height: number; width: number }): BytePixels {
  // As transformers places it: half of what is missing, rounded up, before the picture.
  const begin = (wanted: number, found: number) =>
    wanted > found ? Math.ceil((wanted - found) / 2) : -Math.floor((found - wanted) / 2);
  const [top, left] = [begin(height, shape[0]), begin(width, shape[1])];
  const out = new Uint8Array(height * width * 3);
  for (let y = Math.max(0, top); y < Math.min(height, top + shape[0]); y++) {
    const from = Math.max(0, left);
    const to = Math.min(width, left + shape[1]);
    const start = ((y - top) * shape[1] + (from - left)) * 3;
    out.set(data.subarray(start, start + (to - from) * 3), (y * width + from) * 3);
  }
  return { data: out, shape: [height, width, 3] };
}
