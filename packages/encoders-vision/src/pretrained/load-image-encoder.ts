import {
  assertKnownOptions,
  CrossmodalError,
  type Encoder,
  type Inputs,
  isSavedModel,
  isTraining,
  type ModelFile,
  type ModelFiles,
  memoryFile,
  openWeights,
  type Random,
  randomRemedy,
  readConfig,
  readJson,
  requireInteger,
} from '@crossmodal/core';
import {
  Config,
  type PretrainedOptions,
  pretrainedEncoder,
  savedOptionsFile,
  withSavedOptions,
} from '@crossmodal/core/blocks';
import { mapConcurrently } from '@crossmodal/core/data';
import * as tf from '@tensorflow/tfjs-core';
import { pixelFacts } from '../encoders/image-options.js';
import { type BytePixels, type Image, type ImageItem, toImage } from '../image.js';
import { decodeImage } from '../load/decode-image.js';
import { visionArchitecture } from './families.js';
import {
  type ImageProcessor,
  imageProcessor,
  processedBytes,
  timmProcessor,
  usualProcessor,
} from './image-processor.js';
import { ownEncoder } from './own-encoders.js';
import type { PretrainedImageEncoder } from './pretrained-image-encoder.js';

export interface LoadImageEncoderOptions extends PretrainedOptions {
  /** Instead of the folder's config.json, for weights that came without: `{ architecture: 'resnet18' }`. */
  config?: Readonly<Record<string, unknown>>;
  /** Height and width of the pictures, where they should differ from the folder's; positions are interpolated. */
  size?: number | readonly [height: number, width: number];
  /** Changes each picture of a training batch, values in [0, 1], before it is normalised. */
  augment?: (image: Image, random: Random) => Image;
}

/** Pictures under way at a time: sharp works on four threads, and a few more keep them busy. */
const concurrency = 8;

/**
 * Loads an image encoder that trains from a folder in Hugging Face's layout: ViT, DeiT, DINOv2, the image towers of CLIP and
 * SigLIP, ResNet (names of transformers, torchvision or timm), EfficientNet and its Lite versions, MobileNetV2. Pictures are
 * prepared as preprocessor_config.json says, bit by bit as PIL does. The vector is what transformers calls `pooler_output`, or
 * the projected one of CLIP.
 *
 * @param source path of the folder, or its files
 * @returns an encoder of paths, file bytes or pixels; its input is `pixels` [batch, height, width, channels]
 * @throws CrossmodalError naming the file when the family is unknown, weights are missing, extra or of another shape
 * @see https://huggingface.co/docs/transformers
 * @example
 * const encoder = await loadImageEncoder('models/dinov2-small');
 * const vectors = encoder.encode(await encoder.prepare(['cat.jpg', 'dog.jpg']));
 */
export async function loadImageEncoder(
  source: string | ModelFiles,
  given: LoadImageEncoderOptions = {},
): Promise<PretrainedImageEncoder> {
  const where = 'loadImageEncoder';
  assertKnownOptions('loadImageEncoder', given, ['config', 'size', 'augment', 'seed', 'dropout', 'allowExtra']);
  const files =
    typeof source === 'string' ? await (await import('@crossmodal/core/models')).openFolder(source) : source;
  const values = given.config ?? (await readConfig(files, 'config.json', { where }));
  if (isSavedModel(values)) return ownEncoder(files, values, given, { where });
  const options = await withSavedOptions(files, given, { where, ...savedNames });
  const config = new Config(values, options.config ? 'options.config' : files.get('config.json')!.label);
  const weights = await openWeights(files, { where });
  const architecture = visionArchitecture(where, config, weights);
  const processor = resizedProcessor(await processorOf(files, config, architecture.size), options.size);
  const encoder = await pretrainedEncoder<ImageItem>({
    where,
    modality: 'image',
    files,
    weights,
    config: values,
    ...(architecture.written ? { written: architecture.written } : {}),
    others: new Map([
      ...(await kept(files, ['preprocessor_config.json', 'LICENSE', 'LICENSE.txt', 'README.md'])),
      ...savedOptionsFile(options, savedNames),
    ]),
    architecture,
    seed: options.seed ?? 0,
    dropout: options.dropout ?? 1,
    allowExtra: options.allowExtra ?? false,
    prepare: preparation(processor, options.augment, architecture.channels),
    preprocessing: { facts: await factsOf(files, processor, options.size) },
  });
  return Object.assign(encoder, { labels: labelsOf(values) });
}

/** Options that are saved with the model, and those that cannot be. */
const savedNames = { names: ['size', 'seed', 'dropout'], functions: ['augment'] };

async function processorOf(
  files: ModelFiles,
  config: Config,
  size: readonly [height: number, width: number],
): Promise<ImageProcessor> {
  const name = 'preprocessor_config.json';
  const values = await readJson(files, name);
  if (values !== undefined) {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new CrossmodalError(`${files.get(name)!.label}: it must hold an object`);
    }
    return imageProcessor(values as Record<string, unknown>, files.get(name)!.label);
  }
  const timm = config.part('pretrained_cfg');
  return timm ? timmProcessor(timm) : usualProcessor(size);
}

/** The same processor for another size: the part that is cut away stays in proportion. */
function resizedProcessor(processor: ImageProcessor, size: LoadImageEncoderOptions['size']): ImageProcessor {
  if (size === undefined) return processor;
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  for (const side of [height, width]) requireInteger('loadImageEncoder: size', side);
  if (!processor.crop) return { ...processor, resized: () => ({ height, width }) };
  // Large enough to cover what is cut out.
  const resized = ([rows, columns]: readonly [number, number]) => {
    const factor = Math.max(height / rows, width / columns);
    return {
      height: Math.max(height, Math.trunc(rows * factor)),
      width: Math.max(width, Math.trunc(columns * factor)),
    };
  };
  return { ...processor, resized, crop: { height, width } };
}

/** preprocessor_config.json as it stands, and what it leaves open. */
async function factsOf(
  files: ModelFiles,
  { crop, kernel, scale, offset, mean, standardDeviation }: ImageProcessor,
  size: LoadImageEncoderOptions['size'],
): Promise<Record<string, unknown>> {
  const values = ((await readJson(files, 'preprocessor_config.json')) ?? {}) as Record<string, unknown>;
  const [height, width] = typeof size === 'number' ? [size, size] : (size ?? []);
  return {
    modality: 'image',
    ...values,
    ...(size === undefined ? {} : { size: { height, width } }),
    ...(crop ? { crop_size: crop } : {}),
    ...{ kernel, rescale_factor: scale, image_mean: mean, image_std: standardDeviation },
    ...pixelFacts({ channels: 3, scale, offset, mean, deviation: standardDeviation }),
  };
}

function preparation(
  processor: ImageProcessor,
  augment: LoadImageEncoderOptions['augment'],
  channels: number,
): Encoder<ImageItem>['prepare'] {
  return async (items, { random, ...rest } = {}): Promise<Inputs> => {
    const training = isTraining('prepare', rest);
    if (channels !== 3) {
      throw new CrossmodalError(`prepare: pictures become three channels, this model takes ${channels}`, {
        remedy: `make pixels [batch, height, width, ${channels}] yourself and give them to encode`,
      });
    }
    if (items.length === 0) throw new CrossmodalError('prepare: items must hold at least one picture, got none');
    if (training && augment && !random) {
      throw new CrossmodalError('prepare: augmentation needs options.random', {
        remedy: randomRemedy,
      });
    }
    const batch = training && augment ? random!.fork(random!.integer(2 ** 32)) : undefined;
    const pictures = await mapConcurrently(
      items,
      async (item, index): Promise<Image> => {
        const bytes = await processedBytes(await bytesOf(item), processor);
        if (!batch) return normalized(bytes, processor);
        const image = augment!(toImage(bytes), batch.fork(index));
        return normalized({ data: image.data.map((v) => v * 255), shape: image.shape }, processor);
      },
      { concurrency },
    );
    const { shape } = pictures[0]!;
    const other = pictures.find((picture) => picture.shape.join() !== shape.join());
    if (other) {
      throw new CrossmodalError(
        `prepare: pictures must have one size, got [${shape}] for the first and [${other.shape}] for another`,
        { remedy: 'the folder asks for no size: give options.size' },
      );
    }
    const size = pictures[0]!.data.length;
    const data = new Float32Array(pictures.length * size);
    pictures.forEach((picture, i) => {
      data.set(picture.data, i * size);
    });
    return { pixels: tf.tensor4d(data, [pictures.length, ...shape]) };
  };
}

/** Colours of a picture as bytes. Alpha is dropped, as transformers does. */
async function bytesOf(item: ImageItem): Promise<BytePixels> {
  if (typeof item === 'string' || item instanceof Uint8Array) return decodeImage(item, { background: null });
  const { data, shape } = toImage(item);
  const [height, width, channels] = shape;
  const bytes = new Uint8Array(height * width * 3);
  for (let i = 0; i < bytes.length; i++) {
    const place = Math.floor(i / 3) * channels + (channels < 3 ? 0 : i % 3);
    bytes[i] = Math.min(255, Math.max(0, Math.round(data[place]! * 255)));
  }
  return { data: bytes, shape: [height, width, 3] };
}

function normalized(
  { data, shape }: { data: ArrayLike<number>; shape: Image['shape'] },
  { scale, offset, mean, standardDeviation }: ImageProcessor,
): Image {
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = (data[i]! * scale + offset - mean[i % 3]!) / standardDeviation[i % 3]!;
  return { data: out, shape };
}

/** Files that are saved along are read now: the folder may be gone, or replaced, by then. */
async function kept(files: ModelFiles, names: readonly string[]): Promise<ModelFiles> {
  const copies = new Map<string, ModelFile>();
  for (const name of names) {
    const file = files.get(name);
    if (file) copies.set(name, memoryFile(await file.read(), { label: name }));
  }
  return copies;
}

function labelsOf(values: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const labels = values['id2label'] ?? values['label_names'];
  if (typeof labels !== 'object' || labels === null) return undefined;
  return Object.entries(labels as Record<string, string>)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, name]) => String(name));
}
