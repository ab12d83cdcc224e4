import { Random } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import {
  beam,
  type EncoderDecoder,
  encoderDecoder,
  type SequenceBatch,
  transformerDecoder,
} from '@crossmodal/encoder-decoder';
import { wordTokenizer } from '@crossmodal/encoders-text';
import {
  convolutionalEncoder,
  flipHorizontally,
  type Image,
  type ImageItem,
  randomCrop,
} from '@crossmodal/encoders-vision';
import type { EntryContext } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainToEnd } from '../shared/train.js';

export interface CaptionSettings {
  size: number;
  channels: number[];
  dimension: number;
  layers: number;
  epochs: number;
  batchSize: number;
  learningRate: number;
  /** Pictures of each part. */
  limit: number;
  beamWidth: number;
}

/** A picture in memory with what may be said about it. */
export interface Captioned {
  image: Image;
  captions: readonly string[];
}

/** A small convolutional network and a Transformer decoder over its places. */
export function captionModel(
  texts: readonly string[],
  {
    size,
    channels,
    dimension,
    layers,
    maximumLength,
    flip,
    seed,
  }: Pick<CaptionSettings, 'size' | 'channels' | 'dimension' | 'layers'> & {
    maximumLength: number;
    flip: boolean;
    seed: number;
  },
): EncoderDecoder<ImageItem> {
  const encoder = convolutionalEncoder({
    size,
    channels,
    dimension,
    seed,
    augment: (image, random) => {
      const moved = randomCrop(image, { random, padding: Math.round(size / 12), fill: 1 });
      return flip && random.uniform() < 0.5 ? flipHorizontally(moved) : moved;
    },
  });
  return encoderDecoder({
    encoder,
    decoder: transformerDecoder({ dimension, layers, heads: 4, dropout: 0.2 }),
    tokenizer: wordTokenizer({ corpus: texts }),
    memoryPositions: true,
    maximumLength,
    labelSmoothing: 0.1,
    seed,
  });
}

/** Trains on one of the captions of each picture, another one each time. */
export async function trainCaptions(
  model: EncoderDecoder<ImageItem>,
  pictures: readonly Captioned[],
  { epochs, batchSize, learningRate: rate }: Pick<CaptionSettings, 'epochs' | 'batchSize' | 'learningRate'>,
  { seed, shuffle, follow }: Pick<EntryContext, 'seed' | 'shuffle' | 'follow'>,
): Promise<History> {
  // Control: in training every picture has the captions of another.
  const captioned = shuffle ? new Random(seed).fork('control').shuffle(pictures) : pictures;
  const data = batchesOf<SequenceBatch>(
    pictures.length,
    async (indices, random) => ({
      inputs: await model.encoder.prepare(
        indices.map((index) => pictures[index]!.image),
        { training: true, random },
      ),
      targets: model.prepareTargets(
        indices.map((index) => {
          const { captions } = captioned[index]!;
          return captions[random.integer(captions.length)]!;
        }),
      ),
    }),
    { batchSize, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: rate, steps }) });
  const optimizer = adamW({ learningRate, weightDecay: 0.05 });
  return trainToEnd(model, optimizer, data, { epochs, ...follow('captions', steps) });
}

/** What the model says about each picture. */
export function captionsOf(
  model: EncoderDecoder<ImageItem>,
  pictures: readonly Captioned[],
  { beamWidth }: Pick<CaptionSettings, 'beamWidth'>,
): Promise<string[]> {
  const images = pictures.map(({ image }) => image);
  return model.generateItems(images, { strategy: beam({ width: beamWidth }), batchSize: 32 });
}
