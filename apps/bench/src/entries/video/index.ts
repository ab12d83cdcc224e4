import { dualEncoder, retrievalMetrics } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import {
  convolutionalEncoder,
  meanOverTime,
  type TemporalPooling,
  toImage,
  transformerOverTime,
  videoEncoder,
} from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import { captionOf, type MovingDigit, movingDigits, opposite } from '../../data/moving-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { pngOf } from '../shared/images.js';
import { trainToEnd } from '../shared/train.js';

export interface VideoSettings {
  channels: number[];
  dimension: number;
  frames: number;
  clips: number;
  testClips: number;
  steps: number;
  batchSize: number;
}

const settings: Settings<VideoSettings> = {
  quick: { channels: [8, 16, 32], dimension: 64, frames: 6, clips: 8000, testClips: 1000, steps: 500, batchSize: 64 },
  smoke: { channels: [4, 8], dimension: 8, frames: 3, clips: 32, testClips: 16, steps: 3, batchSize: 8 },
};

export const videoEntry: Entry = {
  id: 'video',
  paradigm: 'embedding alignment, video',
  title: 'Find the clip for words, and the words for a clip',
  question: 'Does "seven moves left" find clips of real digits that move so, and not the same clips backwards?',
  run: (context) => runVideo(context),
};

interface Measured {
  wordsToClips: number;
  clipsToWords: number;
  order: number;
  /** Share of clips shown backwards that still find the words of the clip. */
  backwards: number;
}

/** Trains two dual encoders of clips and captions, with the mean and with a Transformer over time. */
export async function runVideo(
  context: EntryContext,
  own: VideoSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, dataFolder } = context;
  const { frames, clips, testClips } = own;
  const { train, test } = await mnist({ data: dataFolder });
  const training = movingDigits(train, { count: clips, frames, seed });
  const testing = movingDigits(test, { count: testClips, frames, seed: seed + 1 });
  const transformer = await trained(context, own, { training, testing }, transformerOverTime({ layers: 1, heads: 4 }));
  const mean = await trained(context, own, { training, testing }, meanOverTime());
  const captions = new Set(testing.map(({ caption }) => caption)).size;
  const chance: Measured = {
    // By caption: about one clip in 40 is right for words, and one text for a clip.
    wordsToClips: 1 / captions,
    clipsToWords: 1 / captions,
    order: 0.5,
    backwards: 1 / captions,
  };
  const metrics: Record<keyof Measured, string> = {
    wordsToClips: 'first clip is right, words to clips',
    clipsToWords: 'first text is right, clips to words',
    order: 'clip is nearer to its own words than to those of its way back',
    backwards: 'first text is that of the clip, clip shown backwards',
  };
  const keys = Object.keys(metrics) as (keyof Measured)[];
  // Backwards it is another clip, whose words are others.
  const betterOf = (key: keyof Measured) => (key === 'backwards' ? ('lower' as const) : ('higher' as const));
  return {
    rows: [
      ...keys.map((key) => ({
        metric: metrics[key],
        better: betterOf(key),
        chance: chance[key],
        untrained: transformer.untrained[key],
        value: transformer.trained[key],
        published: null,
      })),
      ...keys.map((key) => ({
        metric: `${metrics[key]} (mean over frames)`,
        better: betterOf(key),
        chance: chance[key],
        untrained: mean.untrained[key],
        value: mean.trained[key],
        published: null,
      })),
    ],
    headline: [metrics.wordsToClips, metrics.clipsToWords, metrics.order, `${metrics.order} (mean over frames)`],
    summary:
      `Real digits of MNIST cross a field in ${frames} frames; words say which digit moves where. Frames go through a small ` +
      'convolutional network, then through a Transformer over time, or are averaged: an average cannot know what came first. ' +
      'The digits of the test clips were not in training.',
    facts: {
      'Training clips': clips,
      'Test clips': testClips,
      'Different captions': captions,
      'Steps of each model': own.steps,
      'Steps per second': `${transformer.history.stepsPerSecond.toFixed(1)} / ${mean.history.stepsPerSecond.toFixed(1)}`,
    },
    figures: [
      {
        kind: 'curves',
        title: 'Contrastive loss',
        xLabel: 'step',
        yLabel: 'nats',
        series: [
          { name: 'Transformer over time', points: trainingCurve(transformer.history) },
          { name: 'mean over frames', points: trainingCurve(mean.history) },
        ],
      },
      {
        kind: 'bars',
        title: 'Forwards and backwards',
        caption: 'Share of test clips for which the first text is that of the clip, shown as it is and from its end.',
        bars: Object.entries({ 'Transformer over time': transformer, 'mean over frames': mean }).flatMap(
          ([name, { trained: own }]) => [
            { name, value: own.clipsToWords, emphasis: true },
            { name: `${name}, backwards`, value: own.backwards },
          ],
        ),
        maximum: 1,
      },
      {
        kind: 'pictures',
        title: 'Clips',
        caption: 'Test clips, frame by frame, not picked by hand.',
        rows: await Promise.all(
          testing.slice(0, 5).map(async (clip) => ({
            label: clip.caption,
            pictures: await Promise.all(clip.frames.map((frame) => pngOf(toImage(frame)))),
          })),
        ),
      },
    ],
  };
}

async function trained(
  { seed, shuffle, follow }: EntryContext,
  { channels, dimension, frames, steps, batchSize }: VideoSettings,
  { training, testing }: { training: readonly MovingDigit[]; testing: readonly MovingDigit[] },
  pooling: TemporalPooling,
) {
  const size = training[0]!.frames[0]!.shape[0];
  const image = convolutionalEncoder({
    size,
    inputChannels: 1,
    channels,
    dimension,
    mean: 0,
    standardDeviation: 1,
    seed,
  });
  const video = videoEncoder({ frames: image, length: frames, pooling, seed });
  const tokenizer = wordTokenizer({ corpus: training.map(({ caption }) => caption) });
  const text = bagEncoder({ tokenizer, dimension, maximumLength: 4, seed });
  const model = dualEncoder({ encoders: { video, text }, dimension, seed });
  // Control: in training every clip has the words of another.
  const said = training.map(({ caption }) => caption);
  const captions = shuffle ? new Random(seed).fork('control').shuffle(said) : said;
  const groups = new Map([...new Set(said)].map((caption, i) => [caption, i]));
  const data = batchesOf(
    training.length,
    async (indices) => ({
      video: await video.prepare(indices.map((index) => training[index]!.frames)),
      text: await text.prepare(indices.map((index) => captions[index]!)),
      groups: tf.tensor1d(
        indices.map((index) => groups.get(captions[index]!)!),
        'int32',
      ),
    }),
    { batchSize, seed },
  );
  const measure = () => measured(testing, model.embedItems);
  const untrained = await measure();
  const optimizer = adamW({ learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: 3e-3, steps }) }) });
  const history = await trainToEnd(model, optimizer, data, { steps, ...follow('video', steps) });
  const result = await measure();
  model.dispose();
  return { untrained, trained: result, history };
}

type EmbedItems = (modality: 'video' | 'text', items: readonly unknown[]) => Promise<tf.Tensor2D>;

async function measured(clips: readonly MovingDigit[], embedItems: EmbedItems): Promise<Measured> {
  const own = clips.map(({ caption }) => caption);
  const captions = [...new Set(own)];
  const video = await embedItems(
    'video',
    clips.map(({ frames }) => frames),
  );
  const text = await embedItems('text', captions);
  const right = await embedItems('text', own);
  const back = await embedItems(
    'text',
    clips.map(({ digit, direction }) => captionOf(digit, opposite[direction])),
  );
  const clipsToWords = await retrievalMetrics(video, text, { relevant: { queries: own, gallery: captions }, k: [1] });
  const reversed = await embedItems(
    'video',
    clips.map(({ frames }) => frames.toReversed()),
  );
  const backwards = await retrievalMetrics(reversed, text, { relevant: { queries: own, gallery: captions }, k: [1] });
  const wordsToClips = await retrievalMetrics(text, video, { relevant: { queries: captions, gallery: own }, k: [1] });
  const lead = tf.tidy(() => tf.sum(tf.mul(video, tf.sub(right, back)), 1));
  const values = Array.from(await lead.data());
  // Clips of equal vectors are undecided: half of them count, so that a tie is no success.
  const order = values.reduce((sum, value) => sum + (1 + Math.sign(value)) / 2, 0) / values.length;
  tf.dispose([video, reversed, text, right, back, lead]);
  const hits = ({ ranks }: { ranks: ArrayLike<number> }) =>
    Array.from(ranks).filter((rank) => rank === 1).length / ranks.length;
  return {
    wordsToClips: hits(wordsToClips),
    clipsToWords: hits(clipsToWords),
    order,
    backwards: hits(backwards),
  };
}
