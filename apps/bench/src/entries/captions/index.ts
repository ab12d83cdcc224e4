import { bleu, ciderD } from '@crossmodal/encoder-decoder';
import { openMojiCorpus } from '../../data/corpus.js';
import type { Emoji } from '../../data/openmoji.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import { decodePictures, pngOf } from '../shared/images.js';
import { mostFrequentCaption, nearestNeighbourCaptions, tileMeans } from './baselines.js';
import { type Captioned, type CaptionSettings, captionModel, captionsOf, trainCaptions } from './caption-model.js';

const settings: Settings<CaptionSettings> = {
  quick: {
    size: 36,
    channels: [16, 32, 48],
    dimension: 64,
    layers: 2,
    epochs: 6,
    batchSize: 32,
    learningRate: 2e-3,
    limit: Number.POSITIVE_INFINITY,
    beamWidth: 3,
  },
  smoke: {
    ...{ size: 16, channels: [4, 8], dimension: 8, layers: 1, epochs: 1, batchSize: 8, learningRate: 1e-3 },
    ...{ limit: 48, beamWidth: 2 },
  },
};

export const captionsEntry: Entry = {
  id: 'captions',
  paradigm: 'encoder-decoder',
  title: 'Say what a picture is called',
  question: 'Do words that are said about emojis that were not in training belong to them?',
  run: runCaptions,
};

/** A picture with its name, and all words that belong to it. */
interface Named extends Captioned {
  words: ReadonlySet<string>;
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Trains a captioner from nothing on names of emojis, and asks for those of emojis of families that it has not seen. */
async function runCaptions(context: EntryContext): Promise<EntryOutcome> {
  const own = settings[context.preset];
  const corpus = openMojiCorpus(context.openmoji, { limit: own.limit });
  const named = async (emojis: readonly Emoji[]): Promise<Named[]> => {
    const files = await context.pictures(
      emojis.map(({ hexcode }) => hexcode),
      'color',
    );
    const images = await decodePictures(files, { size: own.size });
    return emojis.map(({ annotation, tags }, i) => ({
      image: images[i]!,
      captions: [wordsOf(annotation).join(' ')],
      words: new Set([annotation, ...tags].flatMap(wordsOf)),
    }));
  };
  const train = (await named(corpus.train)).filter(({ captions }) => captions[0] !== '');
  const test = (await named(corpus.test)).filter(({ captions }) => captions[0] !== '');
  const texts = train.flatMap(({ captions }) => captions);
  const longest = Math.max(...texts.map((text) => text.split(' ').length)) + 1;
  const model = captionModel(texts, { ...own, maximumLength: longest, flip: false, seed: context.seed });
  const untrained = metricsOf(await captionsOf(model, test, { beamWidth: 1 }), test);
  const history = await trainCaptions(model, train, own, context);
  const said = await captionsOf(model, test, own);
  const generated = metricsOf(said, test);
  const mostFrequent = mostFrequentCaption(train);
  const frequent = metricsOf(
    test.map(() => mostFrequent),
    test,
  );
  const looked = metricsOf(nearestNeighbourCaptions(test, train, tileMeans), test);
  const knownSaid = await captionsOf(model, train.slice(0, test.length), own);
  const known = knownSaid.filter((text, i) => text === train[i]!.captions[0]).length / knownSaid.length;
  model.dispose();
  const rows = (['words that belong', 'BLEU-1', 'CIDEr-D'] as const).map(
    (metric): Row => ({
      metric: `${metric}, new emojis`,
      better: 'higher',
      // The same texts, each for another emoji: what is said often is often right.
      chance: metric === 'words that belong' ? elsewhere(said, test) : frequent[metric],
      untrained: untrained[metric],
      value: generated[metric],
      published: null,
    }),
  );
  const stride = Math.max(1, Math.floor(test.length / 10));
  const shown = test.flatMap((picture, i) => (i % stride === 0 ? [{ picture, text: said[i]! }] : [])).slice(0, 10);
  return {
    rows,
    headline: ['words that belong, new emojis', 'CIDEr-D, new emojis'],
    summary:
      'A small convolutional network and a Transformer decoder name emojis of families of which none was in training, so that a ' +
      'name can only be put together of words of others. Words belong when they are in the name or the tags; chance is how often ' +
      'the same words belong to another emoji.',
    facts: {
      'Training pictures': train.length,
      'Test pictures': test.length,
      'Names of training pictures said exactly': known.toFixed(3),
      'Words that belong, name of the nearest picture': looked['words that belong'].toFixed(3),
      'CIDEr-D, name of the nearest picture': looked['CIDEr-D'].toFixed(3),
      Steps: history.records.length,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures: [
      {
        kind: 'curves',
        title: 'Cross entropy per word',
        xLabel: 'step',
        yLabel: 'nats',
        series: [{ name: 'training', points: trainingCurve(history) }],
      },
      {
        kind: 'pictures',
        title: 'What the model says.',
        caption: 'Every so many of the test emojis, not picked by hand; their names in brackets.',
        rows: await Promise.all(
          shown.map(async ({ picture, text }) => ({
            label: `${text || '(nothing)'} (${picture.captions[0]})`,
            pictures: [await pngOf(picture.image)],
          })),
        ),
      },
    ],
  };
}

function metricsOf(
  texts: readonly string[],
  test: readonly Named[],
): Record<'words that belong' | 'BLEU-1' | 'CIDEr-D', number> {
  const references = test.map(({ captions }) => captions);
  return {
    'words that belong': belonging(texts, test),
    'BLEU-1': bleu(texts, references, { order: 1, tokenization: 'words', smoothing: 'none' }).score,
    'CIDEr-D': ciderD(texts, references).score,
  };
}

/** The share of the words, mean over the texts, that are in the name or the tags. */
function belonging(texts: readonly string[], test: readonly Named[]): number {
  const shares = texts.map((text, i) => {
    const words = wordsOf(text);
    return words.filter((word) => test[i]!.words.has(word)).length / Math.max(1, words.length);
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** `belonging` of the same texts to each of the other emojis, on average. */
function elsewhere(texts: readonly string[], test: readonly Named[]): number {
  const turns = Array.from({ length: test.length - 1 }, (_, k) => k + 1);
  const shares = turns.map((turn) => belonging(texts, [...test.slice(turn), ...test.slice(0, turn)]));
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}
