import {
  type DualEncoder,
  dualEncoder,
  type PairLoss,
  type RetrievalMetrics,
  retrievalMetrics,
} from '@crossmodal/alignment';
import { type Encoder, Random } from '@crossmodal/core';
import { adamW, type RuleOptimizer } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History, MetricValues } from '@crossmodal/core/train';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import type { Image, ImageItem } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type Corpus, openMojiCorpus } from '../../data/corpus.js';
import type { Settings } from '../../presets.js';
import type { EntryContext } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { captionOf, partialCaption } from '../shared/captions.js';
import { decodePictures } from '../shared/images.js';
import { cutOffsFor } from '../shared/retrieval.js';
import { trainToEnd } from '../shared/train.js';
import { pictureEncoder } from './picture-encoder.js';

/** Size of the model and length of the training. */
export interface AlignmentSettings {
  size: number;
  channels: number[];
  dimension: number;
  epochs: number;
  batchSize: number;
  learningRate: number;
  limit: number;
  /** Epochs between two measurements on the test emojis, for the curve. */
  measureEvery: number;
}

export const alignmentSettings: Settings<AlignmentSettings> = {
  quick: {
    size: 24,
    channels: [24, 48, 96],
    dimension: 64,
    epochs: 26,
    batchSize: 128,
    learningRate: 5e-3,
    limit: Number.POSITIVE_INFINITY,
    measureEvery: 2,
  },
  smoke: {
    size: 16,
    channels: [4, 8],
    dimension: 8,
    epochs: 1,
    batchSize: 16,
    learningRate: 1e-3,
    limit: 48,
    measureEvery: 1,
  },
};

/** A trained dual encoder of pictures and captions, and what it was trained and tested on. */
export interface AlignedModel {
  model: DualEncoder<'image' | 'text'>;
  image: Encoder<ImageItem>;
  text: Encoder<string>;
  corpus: Corpus;
  trainImages: Image[];
  testImages: Image[];
  history: History;
  untrained: Recalls;
  trained: Recalls;
}

/** Both directions. */
export interface Recalls {
  textToImage: RetrievalMetrics;
  imageToText: RetrievalMetrics;
}

/** The dual encoder of the suite before training, and its two encoders. */
export function pairEncoder(
  { size, channels, dimension }: Pick<AlignmentSettings, 'size' | 'channels' | 'dimension'>,
  { captions, seed, pairLoss }: { captions: readonly string[]; seed: number; pairLoss?: PairLoss | undefined },
): { model: DualEncoder<'image' | 'text'>; image: Encoder<ImageItem>; text: Encoder<string> } {
  const tokenizer = wordTokenizer({ corpus: captions, minimumCount: 2 });
  const image = pictureEncoder({ size, channels, dropout: 0.3, seed });
  const text = bagEncoder({ tokenizer, dimension: 64, maximumLength: 24, dropout: 0.2, seed });
  const options = { encoders: { image, text }, dimension, seed };
  return { model: dualEncoder(pairLoss ? { ...options, pairLoss } : options), image, text };
}

/** What trains it. */
export function pairOptimizer({
  learningRate,
  steps,
  beta1 = 0.9, // Adam's
}: {
  learningRate: number;
  steps: number;
  beta1?: number;
}): RuleOptimizer {
  return adamW({
    beta1,
    learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: learningRate, steps }) }),
    weightDecay: 0.1,
    // Most words occur a few times only: without a strong pull to zero the captions are learned by heart.
    groups: [
      { match: /^text/, weightDecay: 3 },
      { match: 'logitScale', weightDecay: 0 },
    ],
  });
}

/** Trains the dual encoder of the suite, once per run. */
export function alignedModel(context: EntryContext): Promise<AlignedModel> {
  return context.shared('aligned model', () => trainAligned(context));
}

async function trainAligned(context: EntryContext): Promise<AlignedModel> {
  const { preset, seed, shuffle } = context;
  const { size, epochs, batchSize, learningRate, limit, measureEvery } = alignmentSettings[preset];
  const corpus = openMojiCorpus(context.openmoji, { limit });
  const emojis = corpus.train.flatMap(corpus.variantsOf);
  const load = async (list: typeof emojis) =>
    decodePictures(
      await context.pictures(
        list.map(({ hexcode }) => hexcode),
        'color',
      ),
      { size },
    );
  const imageOf = new Map((await load(emojis)).map((image, index) => [emojis[index]!.hexcode, image]));
  const testImages = await load(corpus.test);

  const { model, image, text } = pairEncoder(alignmentSettings[preset], {
    captions: corpus.train.map(captionOf),
    seed,
  });

  // Control: every picture gets the caption of another emoji, the same one throughout.
  const captioned = shuffle ? new Random(seed).fork('control').shuffle(corpus.train) : corpus.train;
  const data = batchesOf(
    corpus.train.length,
    async (indices, random) => {
      const variants = indices.map((index) => {
        const all = corpus.variantsOf(corpus.train[index]!);
        // Half of the time the yellow one, otherwise any skin tone.
        return all[random.uniform() < 0.5 ? 0 : random.integer(all.length)]!;
      });
      return {
        image: await image.prepare(
          variants.map(({ hexcode }) => imageOf.get(hexcode)!),
          { training: true, random },
        ),
        text: await text.prepare(indices.map((index) => partialCaption(captioned[index]!, random))),
      };
    },
    { batchSize, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const optimizer = pairOptimizer({ learningRate, steps });
  const untrained = await recalls(model, testImages, corpus);
  const history = await trainToEnd(model, optimizer, data, {
    epochs,
    ...context.follow('alignment', steps),
    validate: async ({ epoch }): Promise<MetricValues> => {
      if ((epoch + 1) % measureEvery !== 0) return {};
      const { textToImage, imageToText } = await recalls(model, testImages, corpus);
      const k = cutOffsFor(corpus.test.length).at(-1)!;
      return { 'text to picture': textToImage.recall[k]!, 'picture to text': imageToText.recall[k]! };
    },
  });
  return {
    model,
    image,
    text,
    corpus,
    trainImages: corpus.train.map(({ hexcode }) => imageOf.get(hexcode)!),
    testImages,
    history,
    untrained,
    trained: await recalls(model, testImages, corpus),
  };
}

/** Embeddings of the test emojis: row i of both belongs to emoji i. */
export async function testEmbeddings(
  model: DualEncoder<'image' | 'text'>,
  images: readonly Image[],
  corpus: Corpus,
): Promise<{ image: Tensor2D; text: Tensor2D }> {
  return {
    image: await model.embedItems('image', images, { batchSize: 128 }),
    text: await model.embedItems('text', corpus.test.map(captionOf), { batchSize: 128 }),
  };
}

async function recalls(
  model: DualEncoder<'image' | 'text'>,
  images: readonly Image[],
  corpus: Corpus,
): Promise<Recalls> {
  const { image, text } = await testEmbeddings(model, images, corpus);
  const k = cutOffsFor(corpus.test.length);
  const metrics = {
    textToImage: await retrievalMetrics(text, image, { k }),
    imageToText: await retrievalMetrics(image, text, { k }),
  };
  tf.dispose([image, text]);
  return metrics;
}
