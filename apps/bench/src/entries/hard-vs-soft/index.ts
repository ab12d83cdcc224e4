import {
  bidirectionalMetrics,
  canonicalCorrelation,
  dualEncoder,
  type LinearAlignment,
  leastSquares,
} from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import { linearEncoder } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { openMojiCorpus } from '../../data/corpus.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Followed, Row } from '../entry.js';
import { captionOf } from '../shared/captions.js';
import { trainingCurve } from '../shared/curve.js';
import { decodePictures } from '../shared/images.js';
import { cutOffsFor } from '../shared/retrieval.js';
import { trainToEnd } from '../shared/train.js';
import { pixelFeatures, standardise, wordFeatures } from './features.js';

interface HardVsSoftSettings {
  /** Pixels per side. */
  side: number;
  words: number;
  dimension: number;
  steps: number;
  batchSize: number;
  limit: number;
}

const settings: Settings<HardVsSoftSettings> = {
  quick: { side: 10, words: 400, dimension: 32, steps: 300, batchSize: 256, limit: Number.POSITIVE_INFINITY },
  smoke: { side: 3, words: 20, dimension: 4, steps: 5, batchSize: 16, limit: 48 },
};

interface Pairs {
  image: Tensor2D;
  text: Tensor2D;
}

export const hardVsSoft: Entry = {
  id: 'hard-vs-soft',
  paradigm: 'hard and soft alignment',
  title: 'A formula against training, on the same features',
  question: 'Is contrastive training better than a closed form when both may only be linear?',
  run: (context) => runHardVsSoft(context, settings[context.preset]),
};

/** The entry at any size. */
export async function runHardVsSoft(
  context: EntryContext,
  { side, words, dimension, steps, batchSize, limit }: HardVsSoftSettings,
): Promise<EntryOutcome> {
  const { seed, shuffle } = context;
  const corpus = openMojiCorpus(context.openmoji, { limit });
  const imagesOf = async (emojis: typeof corpus.train) =>
    pixelFeatures(
      await decodePictures(
        await context.pictures(
          emojis.map(({ hexcode }) => hexcode),
          'color',
        ),
        { size: 32 },
      ),
      side,
    );
  const captions = corpus.train.map(captionOf);
  const textsOf = wordFeatures(captions, words);
  const image = standardise(await imagesOf(corpus.train), await imagesOf(corpus.test));
  const text = standardise(
    textsOf(shuffle ? new Random(seed).fork('control').shuffle(captions) : captions),
    textsOf(corpus.test.map(captionOf)),
  );
  const train: Pairs = { image: image.train, text: text.train };
  const test: Pairs = { image: image.test, text: text.test };

  const correlation = await canonicalCorrelation(train.image, train.text, { dimension, regularisation: 1 });
  const regression = await leastSquares(train.image, train.text, { regularisation: train.image.shape[0] });
  const closed = {
    'canonical correlation': await measureLinear(correlation, test),
    'least squares': await measureLinear(regression, test),
  };
  correlation.dispose();
  regression.dispose();
  const follow = context.follow('contrastive training', steps);
  const soft = await contrastive(train, test, { dimension, steps, batchSize, seed, follow });
  tf.dispose([train.image, train.text, test.image, test.text]);

  const widest = cutOffsFor(test.image.shape[0]).at(-1)!;
  const chance = soft.trained.forward.chance.recall[widest]!;
  const all = { ...closed, 'contrastive training': soft.trained };
  const directions = [
    { name: 'text to picture', key: 'backward' },
    { name: 'picture to text', key: 'forward' },
  ] as const;
  return {
    rows: Object.entries(all).flatMap(([method, metrics]) =>
      directions.map(
        ({ name, key }): Row => ({
          metric: `recall@${widest}, ${name}, ${method}`,
          better: 'higher',
          chance,
          // A closed form has no weights before it is solved.
          untrained: method === 'contrastive training' ? soft.untrained[key].recall[widest]! : null,
          value: metrics[key].recall[widest]!,
          published: null,
        }),
      ),
    ),
    headline: ['canonical correlation', 'contrastive training'].flatMap((method) =>
      directions.map(({ name }) => `recall@${widest}, ${name}, ${method}`),
    ),
    summary:
      `Pictures are ${side}x${side} pixels, captions the ${words} most frequent words; one linear map per side is all that is learned. ` +
      'Canonical correlation and least squares solve for it in one go (hard alignment: pairs should coincide), contrastive ' +
      'training only asks that partners be nearer than others (soft). Where they come out alike, training buys nothing.',
    facts: {
      'Training pairs': train.image.shape[0],
      'Test pairs': test.image.shape[0],
      'Picture features': train.image.shape[1],
      'Text features': train.text.shape[1],
      Steps: steps,
    },
    figures: [
      ...directions.map(({ name, key }) => ({
        kind: 'bars' as const,
        title: `Recall@${widest}, ${name}`,
        caption: 'Test emojis.',
        maximum: 0.6,
        bars: [
          { name: 'chance', value: chance },
          ...Object.entries(all).map(([method, metrics]) => ({
            name: method,
            value: metrics[key].recall[widest]!,
            emphasis: method === 'contrastive training',
          })),
        ],
      })),
      {
        kind: 'curves',
        title: 'Contrastive loss of the linear maps',
        xLabel: 'step',
        yLabel: 'nats',
        series: [{ name: 'training', points: trainingCurve(soft.history) }],
        references: [{ name: 'guessing: log of the batch size', y: Math.log(batchSize) }],
      },
    ],
  };
}

async function measureLinear(alignment: LinearAlignment, { image, text }: Pairs) {
  const a = alignment.embedA(image);
  const b = alignment.embedB(text);
  const metrics = await bidirectionalMetrics(a, b, { k: cutOffsFor(a.shape[0]) });
  tf.dispose([a, b]);
  return metrics;
}

async function contrastive(
  train: Pairs,
  test: Pairs,
  {
    dimension,
    steps,
    batchSize,
    seed,
    follow,
  }: { dimension: number; steps: number; batchSize: number; seed: number; follow: Followed },
) {
  const model = dualEncoder({
    encoders: {
      image: linearEncoder({ modality: 'image', features: train.image.shape[1], dimension, seed }),
      text: linearEncoder({ modality: 'text', features: train.text.shape[1], dimension, seed: seed + 1 }),
    },
    unprojected: ['image', 'text'],
    dimension,
    seed,
  });
  const measure = async () => {
    const image = model.embed('image', { features: test.image });
    const text = model.embed('text', { features: test.text });
    const metrics = await bidirectionalMetrics(image, text, { k: cutOffsFor(image.shape[0]) });
    tf.dispose([image, text]);
    return metrics;
  };
  const untrained = await measure();
  const optimizer = adamW({ learningRate: cosine({ from: 3e-3, steps }), weightDecay: 0.1 });
  const data = tensorDataset(
    { image: { features: train.image }, text: { features: train.text } },
    { batchSize: Math.min(batchSize, train.image.shape[0]), seed, dropRemainder: true },
  );
  const history = await trainToEnd(model, optimizer, data, { steps, ...follow });
  const trained = await measure();
  model.dispose();
  return { untrained, trained, history };
}
