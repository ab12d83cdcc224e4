import { dualEncoder } from '@crossmodal/alignment';
import { type Inputs, Random, type Trainable } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import type { VocabularyTokenizer } from '@crossmodal/encoders-text';
import { flipHorizontally, type Image } from '@crossmodal/encoders-vision';
import type { Settings } from '../../presets.js';
import type { PicturesFigure } from '../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { pngOf, shifted } from '../shared/images.js';
import { cutOffsFor, exampleRows } from '../shared/retrieval.js';
import { trainToEnd } from '../shared/train.js';
import {
  type Found,
  found,
  frequentWords,
  meanPicture,
  pictureError,
  picturesFrom,
  sentence,
  wordsFrom,
  wordsRight,
} from './measure.js';
import { type AutoencoderSettings, type Encoders, encodersOf, pictureWordAutoencoder, tokenizerOf } from './model.js';
import { type DescribedPicture, emojiPairs, type PictureSource, photographPairs } from './pairs.js';

const common = { lambda: 1, pictureWeight: 5, batchSize: 64, learningRate: 2e-3, limit: Number.POSITIVE_INFINITY };

const small: AutoencoderSettings = {
  ...{ size: 32, dimension: 8, length: 6, lambda: 1, pictureWeight: 5 },
  ...{ epochs: 1, batchSize: 8, learningRate: 1e-3, limit: 24 },
};

const emojiSettings: Settings<AutoencoderSettings> = {
  quick: { ...common, size: 32, dimension: 64, length: 8, epochs: 30 },
  smoke: small,
};

const photographSettings: Settings<AutoencoderSettings> = {
  quick: { ...common, size: 32, dimension: 64, length: 14, epochs: 14 },
  smoke: small,
};

const question =
  'Is a picture reconstructed from words alone, and words from a picture, and does reconstructing help or harm the search?';

export const autoencoderEntry: Entry = {
  id: 'autoencoder',
  paradigm: 'embedding alignment, multimodal autoencoder',
  title: 'Emojis and their names out of one latent',
  question: `${question} (OpenMoji)`,
  run: (context) => runAutoencoder(context, emojiSettings[context.preset], emojiPairs),
};

export const photographAutoencoderEntry: Entry = {
  id: 'autoencoder-ucm',
  paradigm: 'embedding alignment, multimodal autoencoder',
  title: 'Aerial photographs and their captions out of one latent',
  question: `${question} (UCM captions)`,
  run: (context) => runAutoencoder(context, photographSettings[context.preset], photographPairs),
};

interface Batch {
  image: Inputs;
  text: Inputs;
}

/** Trains the autoencoder, and equal encoders by contrast alone, on the same batches. */
export async function runAutoencoder(
  context: EntryContext,
  own: AutoencoderSettings,
  source: PictureSource,
): Promise<EntryOutcome> {
  const { seed } = context;
  const { train, test } = await source(context, own);
  const tokenizer = tokenizerOf(train.flatMap(({ captions }) => captions));

  const encoders = encodersOf(tokenizer, own, seed);
  const model = pictureWordAutoencoder(tokenizer, encoders, own, seed);
  const measure = async () => {
    const said = await wordsFrom(model, encoders, test, 'image');
    const drawn = await picturesFrom(model, encoders, test, 'text');
    return {
      found: await found(model.embedItems, test),
      drawn,
      said,
      pictureError: pictureError(drawn, test),
      wordsRight: wordsRight(said, test, tokenizer, own.length),
    };
  };
  const untrained = await measure();
  const history = await trained(context, own, train, model, encoders, 'autoencoder');
  const joint = await measure();
  const itself = {
    pictures: await picturesFrom(model, encoders, test, 'image'),
    words: await wordsFrom(model, encoders, test, 'text'),
  };
  model.dispose();

  const plain = encodersOf(tokenizer, own, seed);
  const dual = dualEncoder({ encoders: plain, dimension: own.dimension, learnTemperature: false, bias: true, seed });
  const plainUntrained = await found(dual.embedItems, test);
  const plainHistory = await trained(context, own, train, dual, plain, 'contrast alone');
  const plainFound = await found(dual.embedItems, test);
  dual.dispose();

  const middle = meanPicture(train);
  const frequent = frequentWords(train, tokenizer, own.length);
  const rows: Row[] = [
    {
      metric: 'picture from words, squared error',
      better: 'lower',
      chance: pictureError(
        test.map(() => middle),
        test,
      ),
      untrained: untrained.pictureError,
      value: joint.pictureError,
      published: null,
    },
    {
      metric: 'words from picture, share right at their place',
      better: 'higher',
      chance: wordsRight(
        test.map(() => frequent),
        test,
        tokenizer,
        own.length,
      ),
      untrained: untrained.wordsRight,
      value: joint.wordsRight,
      published: null,
    },
    ...searchRows('autoencoder', untrained.found, joint.found, test.length),
    ...searchRows('contrast alone', plainUntrained, plainFound, test.length),
  ];
  return {
    rows,
    headline: rows.slice(0, 4).map(({ metric }) => metric),
    summary:
      'ResNet-18 and an LSTM end in one latent, from which a transposed convolutional network draws and another LSTM speaks. ' +
      'Both are reconstructed from both together and from each alone, and matching latents are pulled together (InfoNCE). ' +
      'Chance of a picture is the mean picture of training, of words the most frequent one of each place. The same encoders ' +
      'are trained by contrast alone for comparison.',
    facts: {
      'Training pairs': train.length,
      'Test pairs': test.length,
      'Words that are known': tokenizer.vocabularySize,
      'Picture from itself, squared error': pictureError(itself.pictures, test).toFixed(4),
      'Words from themselves, share right': wordsRight(itself.words, test, tokenizer, own.length).toFixed(3),
      lambda: own.lambda,
      'Steps of each model': history.records.length,
      'Steps per second': `${history.stepsPerSecond.toFixed(1)} / ${plainHistory.stepsPerSecond.toFixed(1)}`,
    },
    figures: [
      {
        kind: 'curves',
        title: 'Terms of the loss',
        xLabel: 'step',
        yLabel: 'nats, or squared error of values from -1 to 1',
        series: [
          { name: 'words from picture', points: trainingCurve(history, 'image-text') },
          { name: 'picture from words, weighted', points: trainingCurve(history, 'text-image') },
          { name: 'contrast', points: trainingCurve(history, 'contrastive') },
          { name: 'contrast alone', points: trainingCurve(plainHistory, 'image-text') },
        ],
      },
      await reconstructionFigure(test, { drawn: joint.drawn, itself: itself.pictures, said: joint.said }, tokenizer),
    ],
  };
}

async function trained(
  { seed, shuffle, follow }: EntryContext,
  { epochs, batchSize, learningRate: from }: AutoencoderSettings,
  train: readonly DescribedPicture[],
  model: Trainable<Batch>,
  { image, text }: Encoders,
  label: string,
): Promise<History> {
  // Control: in training every picture has the words of another.
  const described = shuffle ? new Random(seed).fork('control').shuffle(train) : train;
  const data = batchesOf<Batch>(
    train.length,
    async (indices, random) => ({
      image: await image.prepare(
        indices.map((index, row) => changed(train[index]!.image, random.fork(row))),
        { training: true, random },
      ),
      text: await text.prepare(
        indices.map((index) => {
          const { captions } = described[index]!;
          return captions[random.integer(captions.length)]!;
        }),
      ),
    }),
    { batchSize, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from, steps }) });
  return trainToEnd(model, adamW({ learningRate, weightDecay: 0.05 }), data, { epochs, ...follow(label, steps) });
}

function changed(image: Image, random: Random): Image {
  const moved = shifted(image, random);
  return random.uniform() < 0.5 ? flipHorizontally(moved) : moved;
}

function searchRows(name: string, untrained: Found, trained: Found, items: number): Row[] {
  const k = cutOffsFor(items).at(-1)!;
  return (['textToImage', 'imageToText'] as const).map((direction) => ({
    metric: `recall@${k}, ${direction === 'textToImage' ? 'words to picture' : 'picture to words'}: ${name}`,
    better: 'higher',
    chance: trained[direction].chance.recall[k]!,
    untrained: untrained[direction].recall[k]!,
    value: trained[direction].recall[k]!,
    published: null,
  }));
}

async function reconstructionFigure(
  test: readonly DescribedPicture[],
  { drawn, itself, said }: { drawn: readonly Image[]; itself: readonly Image[]; said: readonly number[][] },
  tokenizer: VocabularyTokenizer,
): Promise<PicturesFigure> {
  const rows = await Promise.all(
    exampleRows(test.length, 8).map(async (row) => {
      const { image, captions } = test[row]!;
      const pictures = await Promise.all([image, itself[row]!, drawn[row]!].map(pngOf));
      return {
        label: `${captions[0]} — read from the picture: ${sentence(said[row]!, tokenizer) || '(nothing)'}`,
        pictures,
      };
    }),
  );
  return {
    kind: 'pictures',
    title: 'Reconstructions',
    caption: 'Test pictures, not picked by hand, that were not in training.',
    headings: ['picture', 'from the picture', 'from the words'],
    rows,
  };
}
