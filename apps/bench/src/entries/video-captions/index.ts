import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
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
import { convolutionalEncoder, transformerOverTime, type VideoItem, videoEncoder } from '@crossmodal/encoders-vision';
import { captionOf, digitNames, type MovingDigit, movingDigits, opposite } from '../../data/moving-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { animationOf } from '../shared/images.js';
import { trainToEnd } from '../shared/train.js';
import type { VideoSettings } from '../video/index.js';

const settings: Settings<VideoSettings> = {
  quick: { channels: [8, 16, 32], dimension: 64, frames: 6, clips: 8000, testClips: 500, steps: 1500, batchSize: 64 },
  smoke: { channels: [4, 8], dimension: 8, frames: 3, clips: 32, testClips: 16, steps: 3, batchSize: 8 },
};

export const videoCaptionsEntry: Entry = {
  id: 'video-captions',
  paradigm: 'encoder-decoder, video',
  title: 'Say what happens in a clip',
  question: 'Does a caption say which digit moves where, and the opposite of the clip backwards?',
  run: (context) => runVideoCaptions(context),
};

/** Shares of captions that are right in all, of the digit, and of the direction. */
interface Right {
  caption: number;
  digit: number;
  direction: number;
}

/** Trains an encoder of clips and a decoder of captions, and asks for captions of clips of digits that were not in training. */
export async function runVideoCaptions(
  context: EntryContext,
  own: VideoSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, dataFolder } = context;
  const { frames, clips, testClips } = own;
  const { train, test } = await mnist({ data: dataFolder });
  const training = movingDigits(train, { count: clips, frames, seed });
  const testing = movingDigits(test, { count: testClips, frames, seed: seed + 1 });
  const backwards = testing.map(({ frames: forth, digit, direction, ...rest }): MovingDigit => {
    const back = opposite[direction];
    return { ...rest, frames: [...forth].reverse(), digit, direction: back, caption: captionOf(digit, back) };
  });
  const model = captioner(training, own, seed);
  const untrained = rightOf(await captionsOf(model, testing), testing);
  const history = await trainCaptioner(model, training, own, context);
  const said = await captionsOf(model, testing);
  const right = rightOf(said, testing);
  const turned = rightOf(await captionsOf(model, backwards), backwards);
  model.dispose();
  const row = (metric: string, chance: number, value: number, before: number): Row => ({
    ...{ metric, better: 'higher', chance, untrained: before, value, published: null },
  });
  return {
    rows: [
      row('caption is right', 1 / 40, right.caption, untrained.caption),
      row('digit is right', 1 / 10, right.digit, untrained.digit),
      row('direction is right', 1 / 4, right.direction, untrained.direction),
      row('direction is right, clips backwards', 1 / 4, turned.direction, untrained.direction),
    ],
    summary:
      `Real digits of MNIST cross a field in ${frames} frames. A small convolutional network and a Transformer over time look at the ` +
      'clip, and a Transformer decoder says which digit moves where, by beam search. The digits of the test clips were not in training; ' +
      'of the same clips backwards the opposite direction is right.',
    facts: {
      'Training clips': clips,
      'Test clips': testClips,
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
        caption: 'The first test clips, not picked by hand.',
        headings: said.slice(0, 8),
        rows: [{ pictures: await Promise.all(testing.slice(0, 8).map((clip) => animationOf(clip.frames))) }],
      },
    ],
  };
}

function captioner(
  training: readonly MovingDigit[],
  { channels, dimension, frames }: VideoSettings,
  seed: number,
): EncoderDecoder<VideoItem> {
  const image = convolutionalEncoder({
    size: training[0]!.frames[0]!.shape[0],
    ...{ inputChannels: 1, channels, dimension, mean: 0, standardDeviation: 1, seed },
  });
  return encoderDecoder({
    encoder: videoEncoder({
      frames: image,
      length: frames,
      pooling: transformerOverTime({ layers: 1, heads: 4 }),
      seed,
    }),
    decoder: transformerDecoder({ dimension, layers: 1, heads: 4, dropout: 0.1 }),
    tokenizer: wordTokenizer({ corpus: training.map(({ caption }) => caption) }),
    memoryPositions: true,
    maximumLength: 4,
    seed,
  });
}

function trainCaptioner(
  model: EncoderDecoder<VideoItem>,
  training: readonly MovingDigit[],
  { steps, batchSize }: VideoSettings,
  { seed, shuffle, follow }: EntryContext,
): Promise<History> {
  // Control: in training every clip has the words of another.
  const own = training.map(({ caption }) => caption);
  const captions = shuffle ? new Random(seed).fork('control').shuffle(own) : own;
  const data = batchesOf<SequenceBatch>(
    training.length,
    async (indices) => ({
      inputs: await model.encoder.prepare(indices.map((index) => training[index]!.frames)),
      targets: model.prepareTargets(indices.map((index) => captions[index]!)),
    }),
    { batchSize, seed },
  );
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: 3e-3, steps }) });
  return trainToEnd(model, adamW({ learningRate }), data, { steps, ...follow('captions', steps) });
}

function captionsOf(model: EncoderDecoder<VideoItem>, clips: readonly MovingDigit[]): Promise<string[]> {
  const frames = clips.map((clip) => clip.frames);
  return model.generateItems(frames, { strategy: beam({ width: 3 }), batchSize: 100 });
}

function rightOf(said: readonly string[], clips: readonly MovingDigit[]): Right {
  const share = (isRight: (words: string[], clip: MovingDigit) => boolean) =>
    clips.filter((clip, i) => isRight(said[i]!.split(' '), clip)).length / clips.length;
  return {
    caption: share((words, { caption }) => words.join(' ') === caption),
    digit: share(([first], { digit }) => first === digitNames[digit]),
    direction: share((words, { direction }) => words[2] === direction),
  };
}
