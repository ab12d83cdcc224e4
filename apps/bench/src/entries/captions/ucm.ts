import { bleu, ciderD, rougeL } from '@crossmodal/encoder-decoder';
import type { Settings } from '../../presets.js';
import { captionedPictures } from '../co-attention/captions.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import { pngOf } from '../shared/images.js';
import { mostFrequentCaption, nearestNeighbourCaptions, tileMeans } from './baselines.js';
import { type Captioned, type CaptionSettings, captionModel, captionsOf, trainCaptions } from './caption-model.js';

const settings: Settings<CaptionSettings> = {
  quick: {
    size: 48,
    channels: [16, 32, 64, 64],
    dimension: 96,
    layers: 2,
    epochs: 40,
    batchSize: 48,
    learningRate: 2e-3,
    limit: Number.POSITIVE_INFINITY,
    beamWidth: 3,
  },
  smoke: {
    ...{ size: 16, channels: [4, 8], dimension: 8, layers: 1, epochs: 1, batchSize: 8, learningRate: 1e-3 },
    ...{ limit: 21, beamWidth: 2 },
  },
};

export const ucmCaptionsEntry: Entry = {
  id: 'ucm-captions',
  paradigm: 'encoder-decoder',
  title: 'Say what an aerial photograph shows',
  question: 'Does a caption say more of its photograph than the captions of the most similar one? (UCM captions)',
  run: (context) => runUcmCaptions(context),
};

/** The metrics of papers about captions. */
function captionMetrics(texts: readonly string[], pictures: readonly Captioned[]): Record<string, number> {
  const references = pictures.map(({ captions }) => captions);
  const order = (n: number) => bleu(texts, references, { order: n, tokenization: 'words', smoothing: 'none' }).score;
  return {
    'BLEU-1': order(1),
    'BLEU-2': order(2),
    'BLEU-3': order(3),
    'BLEU-4': order(4),
    'ROUGE-L': rougeL(texts, references, { convention: 'captions' }).score,
    'CIDEr-D': ciderD(texts, references).score,
  };
}

/** Trains a captioner from nothing on the official split, and compares it with captions that are only looked up. */
export async function runUcmCaptions(
  context: EntryContext,
  own: CaptionSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, dataFolder } = context;
  const { train, test } = await captionedPictures({ size: own.size, limit: own.limit, dataFolder });
  const texts = train.flatMap(({ captions }) => captions);
  const longest = Math.max(...texts.map((text) => text.split(/\s+/).length)) + 1;
  const model = captionModel(texts, { ...own, maximumLength: longest, flip: true, seed });
  const untrained = captionMetrics(await captionsOf(model, test, { beamWidth: 1 }), test);
  const started = performance.now();
  const history = await trainCaptions(model, train, own, context);
  const seconds = (performance.now() - started) / 1000;
  const said = await captionsOf(model, test, own);
  const results = {
    model: captionMetrics(said, test),
    frequent: captionMetrics(
      test.map(() => mostFrequentCaption(train)),
      test,
    ),
    pixels: captionMetrics(nearestNeighbourCaptions(test, train, tileMeans), test),
    vectors: captionMetrics(await nearestByEncoder(model, test, train), test),
  };
  model.dispose();
  const shown = test.filter((_, i) => i % Math.max(1, Math.floor(test.length / 8)) === 0).slice(0, 8);
  const rows = Object.keys(results.model).map(
    (metric): Row => ({
      metric,
      better: 'higher',
      chance: results.frequent[metric]!,
      untrained: untrained[metric]!,
      value: results.model[metric]!,
      published: null,
    }),
  );
  const names = {
    model: 'this model, beam search',
    vectors: 'nearest photograph by this model’s encoder',
    pixels: 'nearest photograph by colours of tiles',
    frequent: 'most frequent caption',
  };
  const bars = (metric: string, maximum: number): EntryOutcome['figures'][number] => ({
    kind: 'bars',
    title: metric,
    caption: 'Of the model, and of captions that are looked up.',
    bars: (['model', 'vectors', 'pixels', 'frequent'] as const).map((key) => ({
      name: names[key],
      value: results[key][metric]!,
      emphasis: key === 'model',
    })),
    maximum,
  });
  return {
    rows,
    headline: ['BLEU-4', 'CIDEr-D', 'ROUGE-L'],
    summary:
      'A small convolutional network and a Transformer decoder, trained from nothing on 80 % of the photographs, say what the test ' +
      'photographs show. Captions of this set repeat from photograph to photograph, so that looking up the caption of the most ' +
      'similar one is a strong opponent. Chance is always saying the most frequent caption.',
    facts: {
      'Test photographs': test.length,
      Steps: history.records.length,
      'Training, seconds': Math.round(seconds),
      'BLEU-4, nearest photograph': `${results.vectors['BLEU-4']!.toFixed(3)} by the encoder, ${results.pixels['BLEU-4']!.toFixed(3)} by colours`,
      'CIDEr-D, nearest photograph': `${results.vectors['CIDEr-D']!.toFixed(3)} by the encoder, ${results.pixels['CIDEr-D']!.toFixed(3)} by colours`,
    },
    figures: [
      {
        kind: 'curves',
        title: 'Cross entropy per word',
        xLabel: 'step',
        yLabel: 'nats',
        series: [{ name: 'training', points: trainingCurve(history) }],
      },
      bars('BLEU-4', 1),
      bars('CIDEr-D', 10),
      {
        kind: 'pictures',
        title: 'What the model says.',
        caption: 'Every so many of the test photographs, not picked by hand.',
        rows: await Promise.all(
          shown.map(async (picture) => ({
            label: said[test.indexOf(picture)]!,
            pictures: [await pngOf(picture.image)],
          })),
        ),
      },
    ],
  };
}

/** The caption of the training photograph with the most similar vector of the model's encoder. */
async function nearestByEncoder(
  model: ReturnType<typeof captionModel>,
  test: readonly Captioned[],
  train: readonly Captioned[],
): Promise<string[]> {
  const vectors = new Map<Captioned, Float32Array>();
  for (const pictures of [test, train]) {
    for (let from = 0; from < pictures.length; from += 64) {
      const part = pictures.slice(from, from + 64);
      const inputs = await model.encoder.prepare(part.map(({ image }) => image));
      const rows = model.encoder.encode(inputs);
      const values = await rows.data<'float32'>();
      const width = rows.shape[1];
      for (const [i, picture] of part.entries()) {
        const row = values.slice(i * width, (i + 1) * width);
        const norm = Math.hypot(...row) || 1;
        vectors.set(
          picture,
          row.map((value) => value / norm),
        );
      }
      rows.dispose();
      for (const tensor of Object.values(inputs)) tensor.dispose();
    }
  }
  return nearestNeighbourCaptions(test, train, (picture) => vectors.get(picture)!);
}
