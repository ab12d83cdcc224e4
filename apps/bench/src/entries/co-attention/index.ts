import { dualEncoder } from '@crossmodal/alignment';
import { type Encoder, type Inputs, Random, type Trainable } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { transformerEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder, flipHorizontally, type ImageItem, randomCrop } from '@crossmodal/encoders-vision';
import { coAttentionMatcher, contrastiveObjective, meanScore } from '@crossmodal/fusion';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { attentionFigure } from './attention-figure.js';
import { type CaptionedPicture, type CaptionedSource, emojis, photographs, uniqueCaptions } from './captions.js';
import { scenes } from './scenes.js';
import { type BothWays, bothWays, type Gallery, matcherScores, reranked, rerankedScores, searchOf } from './search.js';

export interface CoAttentionSettings {
  size: number;
  channels: number[];
  dimension: number;
  epochs: number;
  batchSize: number;
  /** Words of a caption that are read. */
  words: number;
  /** Pictures of each part. */
  limit: number;
  /** How far down the list the headline looks. */
  rank: 1 | 10;
}

const settings: Settings<CoAttentionSettings> = {
  quick: {
    size: 40,
    channels: [16, 32, 64, 64],
    dimension: 64,
    epochs: 12,
    batchSize: 48,
    words: 12,
    limit: Number.POSITIVE_INFINITY,
    rank: 10,
  },
  smoke: { size: 16, channels: [4, 8], dimension: 8, epochs: 1, batchSize: 8, words: 12, limit: 21, rank: 10 },
};
const sceneSettings: Settings<CoAttentionSettings> = {
  quick: { ...settings.quick, size: 32, epochs: 8, words: 16, rank: 1 },
  smoke: { ...settings.smoke, words: 16, rank: 1 },
};

export const coAttentionEntry: Entry = {
  id: 'co-attention',
  paradigm: 'fusion, co-attention',
  title: 'Match words with regions of aerial photographs',
  question:
    'Do words and regions that look at each other find more than two vectors of the same networks? (UCM captions)',
  run: (context) => runCoAttention(context, settings[context.preset], photographs),
};

export const emojiCoAttentionEntry: Entry = {
  id: 'co-attention-emojis',
  paradigm: 'fusion, co-attention',
  title: 'Match words with regions of emojis',
  question: 'Do words and regions that look at each other find more than two vectors of the same networks? (OpenMoji)',
  run: (context) => runCoAttention(context, settings[context.preset], emojis),
};

export const sceneCoAttentionEntry: Entry = {
  id: 'co-attention-scenes',
  paradigm: 'fusion, co-attention',
  title: 'Match words with regions of scenes of several emojis',
  question: 'Where a picture shows several things: do words find theirs, and is that better than two vectors?',
  run: async (context) => {
    const { summary, ...rest } = await runCoAttention(context, sceneSettings[context.preset], scenes);
    return { ...rest, summary: `${summary} ${ofScenes}` };
  },
};

const ofScenes =
  'A scene shows three of 100 emojis, its caption names them in any order; those of the test are new combinations of the emojis of training.';

/** Of the matcher's cross entropy. */
const temperature = 0.07;

const models = ['dual', 'matcher', 'again', 'both'] as const;

type Model = (typeof models)[number];

interface Batch {
  image: Inputs;
  text: Inputs;
  groups: tf.Tensor1D;
}

/** Trains a dual encoder and a co-attention matcher of equal encoders on the same batches, and searches with both. */
export async function runCoAttention(
  context: EntryContext,
  own: CoAttentionSettings,
  source: CaptionedSource,
): Promise<EntryOutcome> {
  const { seed, shuffle } = context;
  const { size, channels, dimension, epochs, batchSize, words, limit, rank } = own;
  const { train, test } = await source(context, { size, limit });
  const tokenizer = wordTokenizer({ corpus: train.flatMap(({ captions }) => captions), minimumCount: 2 });
  const encoders = (): { image: Encoder<ImageItem>; text: Encoder<string> } => ({
    image: convolutionalEncoder({
      size,
      channels,
      dimension,
      seed,
      augment: (image, random) => {
        const moved = randomCrop(image, { random, padding: Math.round(size / 12), fill: 1 });
        return random.uniform() < 0.5 ? flipHorizontally(moved) : moved;
      },
    }),
    text: transformerEncoder({ tokenizer, dimension, maximumLength: words, layers: 1, heads: 4, dropout: 0.2, seed }),
  });
  const groupOf = new Map(uniqueCaptions(train).map((text, i) => [text, i]));
  // Control: in training every picture has the captions of another.
  const captioned = shuffle ? new Random(seed).fork('control').shuffle(train) : train;
  const batches = ({ image, text }: ReturnType<typeof encoders>) =>
    batchesOf<Batch>(
      train.length,
      async (indices, random) => {
        const texts = indices.map((index) => {
          const { captions } = captioned[index]!;
          return captions[random.integer(captions.length)]!;
        });
        return {
          image: await image.prepare(
            indices.map((index) => train[index]!.image),
            { training: true, random },
          ),
          text: await text.prepare(texts),
          groups: tf.tensor1d(
            texts.map((caption) => groupOf.get(caption)!),
            'int32',
          ),
        };
      },
      { batchSize, seed },
    );
  const trained = async (label: string, model: Trainable<Batch>, towers: ReturnType<typeof encoders>) => {
    const data = batches(towers);
    const steps = epochs * data.batchesPerEpoch!;
    const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: 2e-3, steps }) });
    const optimizer = adamW({ learningRate, weightDecay: 0.05 });
    return trainToEnd(model, optimizer, data, { epochs, ...context.follow(label, steps) });
  };

  const gallery = searchOf(test);
  const plain = encoders();
  const dual = dualEncoder({ encoders: plain, dimension, seed });
  const scoresOfDual = async () => {
    const image = await dual.embedItems('image', gallery.images);
    const text = await dual.embedItems('text', gallery.texts);
    const product = tf.tidy(() => tf.matMul(text, image, false, true) as tf.Tensor2D);
    tf.dispose([image, text]);
    return product;
  };
  const dualStart = await scoresOfDual();
  const dualUntrained = await bothWays(dualStart, gallery);
  dualStart.dispose();
  const dualHistory = await trained('dual encoder', dual, plain);
  const dualScores = await scoresOfDual();
  const dualLogits = tf.tidy(() => tf.mul(dualScores, dual.scale()) as tf.Tensor2D);
  dual.dispose();

  const towers = encoders();
  const matcher = coAttentionMatcher({
    encoders: towers,
    dimension,
    pooling: meanScore(),
    weighted: true,
    objective: contrastiveObjective({ temperature }),
    seed,
  });
  const untrained = await matcherScores(matcher, gallery);
  const untrainedMetrics = await bothWays(untrained.scores, gallery);
  tf.dispose([untrained.scores, untrained.image, untrained.text]);
  const matcherHistory = await trained('co-attention', matcher, towers);
  const { scores, image, text } = await matcherScores(matcher, gallery);
  const again = await rerankedScores(matcher, dualScores, { image, text });
  const both = tf.tidy(() => tf.add(dualLogits, tf.div(scores, temperature)) as tf.Tensor2D);
  const results = {
    dual: await bothWays(dualScores, gallery),
    matcher: await bothWays(scores, gallery),
    again: await bothWays(again, gallery),
    both: await bothWays(both, gallery),
  };
  const figure = await attentionFigure(matcher, towers, test);
  tf.dispose([dualScores, dualLogits, scores, image, text, again, both]);
  matcher.dispose();
  return outcome(
    results,
    { dual: dualUntrained, matcher: untrainedMetrics },
    { test, gallery, figure, dualHistory, matcherHistory, rank },
  );
}

function outcome(
  results: Record<Model, BothWays>,
  untrained: Partial<Record<Model, BothWays>>,
  {
    test,
    gallery,
    figure,
    dualHistory,
    matcherHistory,
    rank,
  }: {
    test: readonly CaptionedPicture[];
    gallery: Gallery;
    figure: EntryOutcome['figures'][number];
    dualHistory: History;
    matcherHistory: History;
    rank: 1 | 10;
  },
): EntryOutcome {
  const names = {
    dual: 'dual encoder',
    matcher: 'co-attention',
    again: `dual encoder, first ${reranked} by co-attention`,
    both: 'both, their logits added',
  };
  const directions = { textToImage: 'words to pictures', imageToText: 'pictures to words' } as const;
  const rows = (['textToImage', 'imageToText'] as const).flatMap((direction) =>
    models
      // Texts are the queries that are sorted again: the other direction has no list of 50.
      .filter((model) => model !== 'again' || direction === 'textToImage')
      .flatMap((model) =>
        [1, 10].map(
          (k): Row => ({
            metric: `recall@${k}, ${directions[direction]}: ${names[model]}`,
            better: 'higher',
            chance: results[model][direction].chance.recall[k]!,
            untrained: untrained[model]?.[direction].recall[k] ?? null,
            value: results[model][direction].recall[k]!,
            published: null,
          }),
        ),
      ),
  );
  const bars = (['textToImage', 'imageToText'] as const).flatMap((direction) =>
    models
      .filter((model) => model !== 'again' || direction === 'textToImage')
      .map((model) => ({
        name: `${names[model]}, ${directions[direction]}`,
        value: results[model][direction].recall[rank]!,
        emphasis: model === 'matcher',
      })),
  );
  return {
    rows,
    headline: rows
      .filter(({ metric }) => metric.startsWith(`recall@${rank},`))
      .map(({ metric }) => metric)
      .slice(0, 4),
    summary:
      'Two models of the same encoders, trained on the same batches: one compares a vector of the picture with one of the ' +
      'caption, the other lets words and regions look at each other (stacked cross attention, both directions). Some captions repeat: ' +
      'a picture counts as right when it has the very text.',
    facts: {
      'Test pictures': test.length,
      'Test captions': gallery.texts.length,
      'Steps of each model': matcherHistory.records.length,
      'mAP, words to pictures': `${results.dual.textToImage.meanAveragePrecision.toFixed(3)} / ${results.matcher.textToImage.meanAveragePrecision.toFixed(3)}`,
      'Steps per second': `${dualHistory.stepsPerSecond.toFixed(1)} / ${matcherHistory.stepsPerSecond.toFixed(1)}`,
    },
    figures: [
      {
        kind: 'curves',
        title: 'Loss of co-attention',
        xLabel: 'step',
        yLabel: 'nats',
        series: [{ name: 'training', points: trainingCurve(matcherHistory) }],
      },
      {
        kind: 'bars',
        title: `Recall@${rank}`,
        caption: 'The same encoders, compared as vectors and place by place.',
        bars,
        maximum: 1,
      },
      figure,
    ],
  };
}
