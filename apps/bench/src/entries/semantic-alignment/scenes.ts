import { dualEncoder, positivesFromDescriptions } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import { ucmClasses } from '@crossmodal/core/data/sets';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder, flipHorizontally, randomCrop } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import type { ConfusionFigure } from '../../report/figure.js';
import { type CaptionedPicture, captionedPictures, uniqueCaptions } from '../co-attention/captions.js';
import type { EntryContext } from '../entry.js';
import { wordFeatures } from '../hard-vs-soft/features.js';
import { batchesOf } from '../shared/batches.js';
import { trainToEnd } from '../shared/train.js';
import { byClass, type Method, type Positives, positiveKinds, positiveNames } from './measured.js';

export interface SceneSettings {
  size: number;
  channels: number[];
  dimension: number;
  epochs: number;
  batchSize: number;
  /** Photographs of each part. */
  limit: number;
}

/** Of pairs of training captions at least this similar in their words, 94 % are of one scene. */
const threshold = 0.5;

export interface SceneAlignment {
  methods: (Method & { history: History })[];
  confusion: ConfusionFigure;
}

/**
 * Aerial photographs and their captions, in 21 scenes: three dual encoders of equal networks and batches, for which equal
 * captions, like captions or photographs of one scene are positive.
 */
export async function alignScenes(context: EntryContext, own: SceneSettings): Promise<SceneAlignment> {
  const { size, limit } = own;
  const { train, test } = await captionedPictures({ size, limit, dataFolder: context.dataFolder });
  const methods: SceneAlignment['methods'] = [];
  let confusion: ConfusionFigure | undefined;
  for (const positives of positiveKinds) {
    const { confused, ...method } = await contrasted(context, own, { train, test }, positives);
    methods.push({ name: positiveNames[positives], ...method });
    confusion = confused;
  }
  return { methods, confusion: confusion! };
}

async function contrasted(
  { seed, shuffle, follow }: EntryContext,
  { size, channels, dimension, epochs, batchSize }: SceneSettings,
  { train, test }: { train: readonly CaptionedPicture[]; test: readonly CaptionedPicture[] },
  positives: Positives,
) {
  const captions = train.flatMap((picture) => picture.captions);
  const tokenizer = wordTokenizer({ corpus: captions, minimumCount: 2 });
  const image = convolutionalEncoder({
    size,
    channels,
    dimension,
    seed,
    augment: (picture, random) => {
      const moved = randomCrop(picture, { random, padding: Math.round(size / 12), fill: 1 });
      return random.uniform() < 0.5 ? flipHorizontally(moved) : moved;
    },
  });
  const text = bagEncoder({ tokenizer, dimension, maximumLength: 12, dropout: 0.2, seed });
  const model = dualEncoder({ encoders: { image, text }, dimension, seed });
  const captionPlaces = new Map(uniqueCaptions(train).map((caption, i) => [caption, i]));
  const describe = wordFeatures(captions, 400);
  // Control: in training every photograph has the captions, and with them the scene, of another.
  const captioned = shuffle ? new Random(seed).fork('control').shuffle(train) : train;
  const data = batchesOf(
    train.length,
    async (indices, random) => {
      const texts = indices.map((index) => {
        const own = captioned[index]!.captions;
        return own[random.integer(own.length)]!;
      });
      const numbers = {
        pairs: () => texts.map((caption) => captionPlaces.get(caption)!),
        labels: () => indices.map((index) => classOf(captioned[index]!)),
      };
      return {
        image: await image.prepare(
          indices.map((index) => train[index]!.image),
          { training: true, random },
        ),
        text: await text.prepare(texts),
        ...(positives === 'descriptions'
          ? { positives: tf.tidy(() => positivesFromDescriptions(describe(texts), { threshold })) }
          : { groups: tf.tensor1d(numbers[positives](), 'int32') }),
      };
    },
    { batchSize, seed },
  );
  const labels = test.map(classOf);
  const embed = async () => ({
    image: await model.embedItems(
      'image',
      test.map((picture) => picture.image),
    ),
    text: await model.embedItems(
      'text',
      test.map((picture) => picture.captions[0]!),
    ),
  });
  const start = await embed();
  const untrained = await byClass(start.image, start.text, labels);
  const steps = epochs * data.batchesPerEpoch!;
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: 2e-3, steps }) });
  const optimizer = adamW({ learningRate, weightDecay: 0.05 });
  const history = await trainToEnd(model, optimizer, data, {
    epochs,
    ...follow(`scenes, ${positiveNames[positives]}`, steps),
  });
  const end = await embed();
  const confused = await confusionOf(end.image, end.text, labels);
  const trained = await byClass(end.image, end.text, labels);
  model.dispose();
  return { untrained, trained, history, confused };
}

/** The scene of the text that comes first for each photograph. */
async function confusionOf(image: tf.Tensor2D, text: tf.Tensor2D, labels: readonly number[]): Promise<ConfusionFigure> {
  const nearest = tf.tidy(() => tf.argMax(tf.matMul(image, text, false, true), 1));
  const first = Array.from(await nearest.data(), (row) => labels[row]!);
  nearest.dispose();
  return {
    kind: 'confusion',
    title: 'Which scene the first text is of',
    caption: 'Test photographs by their scene and by that of the nearest caption, with labels as positives.',
    classes: [...ucmClasses],
    counts: ucmClasses.map((_, actual) =>
      ucmClasses.map((_other, found) => labels.filter((label, i) => label === actual && first[i] === found).length),
    ),
  };
}

function classOf({ label }: CaptionedPicture): number {
  return ucmClasses.indexOf(label as (typeof ucmClasses)[number]);
}
