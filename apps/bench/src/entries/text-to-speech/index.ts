import { Random } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { type SpeechBatch, type TextToSpeech, textToSpeech } from '@crossmodal/encoder-decoder';
import { encodeWav, loadWaveform, type Waveform } from '@crossmodal/encoders-audio';
import { transformerEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { digitNames } from '../../data/digit-sequences.js';
import { type SpokenDigit, spokenDigits } from '../../data/spoken-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { type DigitJudge, digitJudge } from './judge.js';
import { type Spectra, spectraOf } from './spectra.js';

export interface TextToSpeechSettings {
  bands: number;
  maximumFrames: number;
  /** Frames that are said at a time. */
  reduction: number;
  dimension: number;
  epochs: number;
  batchSize: number;
  judge: { channels: number[]; epochs: number };
  /** Recordings of the data set. */
  limit: number;
  /** How often everything is said, each time with another seed. */
  takes: number;
  /** Pitches at which the synthesiser says each digit. */
  pitches: number[];
}

const settings: Settings<TextToSpeechSettings> = {
  quick: {
    ...{ bands: 40, maximumFrames: 80, reduction: 4, dimension: 96, epochs: 70, batchSize: 48, takes: 2 },
    ...{ judge: { channels: [16, 32, 48, 64], epochs: 12 }, limit: Number.POSITIVE_INFINITY },
    pitches: Array.from({ length: 20 }, (_, i) => 30 + 2 * i),
  },
  smoke: {
    ...{ bands: 16, maximumFrames: 24, reduction: 4, dimension: 8, epochs: 1, batchSize: 16, takes: 1 },
    ...{ judge: { channels: [4, 8], epochs: 1 }, limit: 200, pitches: [50] },
  },
};

/** The voice of the synthesiser among the speakers. */
const synthesised = 'synthesiser';

export const textToSpeechEntry: Entry = {
  id: 'text-to-speech',
  paradigm: 'encoder-decoder',
  title: 'Say a digit in the voice of a speaker',
  question:
    'Does a recogniser that knows nothing of the model understand what it says? (FSDD and a synthesiser, ten digits, seven voices)',
  run: (context) => runTextToSpeech(context),
};

/** Trains a model that speaks digits in several voices, makes sound of its spectrograms, and has a recogniser listen. */
export async function runTextToSpeech(
  context: EntryContext,
  own: TextToSpeechSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, dataFolder } = context;
  const recordings = await spokenDigits({ dataFolder, limit: own.limit });
  const train = [...recordings.filter(({ split }) => split === 'train'), ...(await synthesisedDigits(context, own))];
  const test = recordings.filter(({ split }) => split === 'test');
  // Another seed than the speaker's: they have nothing in common.
  const judge = await digitJudge(
    train,
    { ...own.judge, seconds: own.maximumFrames / 100 },
    { seed: seed + 1000, follow: context.follow },
  );
  const spectra = spectraOf(
    train.map(({ waveform }) => waveform),
    own,
  );
  const speakers = [...new Set(train.map(({ speaker }) => speaker))].sort();
  const asked = speakers.flatMap((speaker) =>
    digitNames.map((name, digit) => ({ speaker, digit, text: `${speaker} ${name}` })),
  );
  const model = textToSpeech({
    encoder: transformerEncoder({
      tokenizer: wordTokenizer({ corpus: asked.map(({ text }) => text) }),
      ...{ dimension: own.dimension, layers: 1, heads: 2, maximumLength: 2, dropout: 0, seed },
    }),
    ...{ bands: own.bands, maximumFrames: own.maximumFrames, reduction: own.reduction },
    ...{ dimension: own.dimension, layers: 2, heads: 4, seed },
  });
  const run = { own, context, judge, spectra, model };
  const untrained = await listenTo(asked, run, { takes: 1 });
  const history = await trainSpeaking(train, run);
  const takes = await listenTo(asked, run, { takes: own.takes });
  const parts = await understoodByPart(test, run);
  model.dispose();
  judge.dispose();
  const ofVoice = (spoken: readonly Spoken[], voices: 'people' | 'synthesiser') =>
    understood(spoken.filter(({ speaker }) => (speaker === synthesised) === (voices === 'synthesiser')));
  const row = (metric: string, voices: 'people' | 'synthesiser'): Row => ({
    ...{ metric, better: 'higher', chance: 0.1, published: null },
    untrained: ofVoice(untrained, voices),
    value: ofVoice(takes, voices),
  });
  const counts = digitNames.map(() => digitNames.map(() => 0));
  for (const { digit, heard } of takes) counts[digit]![heard]!++;
  return {
    rows: [
      row('digits understood, voices of people', 'people'),
      row('digits understood, voice of a synthesiser', 'synthesiser'),
    ],
    summary:
      'A Transformer makes log-mel frames of the name of a speaker and a digit, and says when it ends; Griffin-Lim makes sound of them. ' +
      'A recogniser that was trained on recordings alone listens to every digit in every voice.',
    facts: {
      'Said and heard': takes.length,
      ...Object.fromEntries(Object.entries(parts).map(([name, share]) => [name, share.toFixed(3)])),
      'Ends by itself': (takes.filter(({ finished }) => finished).length / takes.length).toFixed(3),
      'Training recordings': train.length,
      Steps: history.records.length,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures: [
      {
        kind: 'curves',
        title: 'Loss',
        xLabel: 'step',
        yLabel: 'absolute error and nats',
        series: ['frames', 'stop'].map((name) => ({ name, points: trainingCurve(history, name) })),
      },
      {
        kind: 'bars',
        title: 'Where understanding is lost',
        caption: 'The share of digits that the recogniser understands.',
        bars: [
          ...Object.entries(parts).map(([name, value]) => ({ name: name.replace('Understood: ', ''), value })),
          { name: 'what the model says', value: understood(takes), emphasis: true },
        ],
        maximum: 1,
      },
      {
        kind: 'confusion',
        title: 'What is said (rows) and what is heard (columns).',
        caption: 'All voices.',
        classes: digitNames,
        counts,
      },
      ...[speakers[0]!, synthesised].map((voice): EntryOutcome['figures'][number] => ({
        kind: 'sounds',
        title: 'What the model says.',
        caption: `All digits in the voice of ${voice}.`,
        sounds: takes
          .filter(({ speaker }) => speaker === voice)
          .slice(0, digitNames.length)
          .map(({ text, waveform }) => ({ label: text, wav: encodeWav(waveform) })),
      })),
    ],
  };
}

interface Asked {
  speaker: string;
  digit: number;
  text: string;
}

/** What was said for a text, and what was understood. */
interface Spoken extends Asked {
  waveform: Waveform;
  finished: boolean;
  heard: number;
}

interface Run {
  own: TextToSpeechSettings;
  context: EntryContext;
  judge: DigitJudge;
  spectra: Spectra;
  model: TextToSpeech;
}

const textOf = ({ speaker, digit }: { speaker: string; digit: number }): string => `${speaker} ${digitNames[digit]}`;

const understood = (spoken: readonly { digit: number; heard: number }[]): number =>
  spoken.filter(({ digit, heard }) => digit === heard).length / Math.max(1, spoken.length);

/** Each digit by one voice of the synthesiser, at several pitches. */
async function synthesisedDigits(
  { speech }: Pick<EntryContext, 'speech'>,
  { pitches }: TextToSpeechSettings,
): Promise<SpokenDigit[]> {
  const spoken = pitches.flatMap((pitch) => digitNames.map((text, digit) => ({ pitch, text, digit })));
  const files = await speech(spoken.map(({ pitch, text }) => ({ id: text, text, voice: { variant: 'en-us', pitch } })));
  return Promise.all(
    spoken.map(async ({ digit }, i) => ({
      waveform: await loadWaveform(files[i]!, { sampleRate: 8000 }),
      ...{ digit, speaker: synthesised, split: 'train' as const },
    })),
  );
}

function trainSpeaking(train: readonly SpokenDigit[], { own, context, spectra, model }: Run): Promise<History> {
  const { seed, shuffle } = context;
  const texts = train.map(textOf);
  // Control: in training every recording has the text of another.
  const trainTexts = shuffle ? new Random(seed).fork('control').shuffle(texts) : texts;
  const data = batchesOf<SpeechBatch>(
    train.length,
    async (indices) => ({
      inputs: await model.encoder.prepare(indices.map((index) => trainTexts[index]!)),
      ...spectra.batch(indices.map((index) => train[index]!.waveform)),
    }),
    { batchSize: own.batchSize, seed },
  );
  const steps = own.epochs * data.batchesPerEpoch!;
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: 2e-3, steps }) });
  const optimizer = adamW({ learningRate, weightDecay: 0.01 });
  return trainToEnd(model, optimizer, data, { epochs: own.epochs, ...context.follow('speaking', steps) });
}

/** Has everything said so often, and listened to. */
async function listenTo(
  asked: readonly Asked[],
  { context, judge, spectra, model }: Run,
  { takes }: { takes: number },
): Promise<Spoken[]> {
  const inputs = await model.encoder.prepare(asked.map(({ text }) => text));
  const all: Spoken[] = [];
  for (let take = 0; take < takes; take++) {
    const frames = await model.generate(inputs, { seed: `${context.seed}/${take}` });
    const sounds = frames.map((one) => spectra.sound(one));
    const heard = await judge.hear(sounds);
    all.push(
      ...asked.map((one, i) => ({
        ...{ ...one, waveform: sounds[i]!, finished: frames[i]!.finished, heard: heard[i]! },
      })),
    );
  }
  tf.dispose(inputs);
  return all;
}

/**
 * How much is understood along the way from a recording to what the model says: of recordings that were not in training, of the sound of
 * their spectrograms, and of frames that the model says when the right ones before are given.
 */
async function understoodByPart(
  test: readonly SpokenDigit[],
  { judge, spectra, model }: Run,
): Promise<Record<string, number>> {
  const seen = new Set<string>();
  const some = test.filter((one) => !seen.has(textOf(one)) && seen.add(textOf(one)));
  const share = async (recordings: readonly SpokenDigit[], sounds: readonly Waveform[]) => {
    const heard = await judge.hear(sounds);
    return understood(recordings.map(({ digit }, i) => ({ digit, heard: heard[i]! })));
  };
  const batch = {
    inputs: await model.encoder.prepare(some.map(textOf)),
    ...spectra.batch(some.map(({ waveform }) => waveform)),
  };
  const forced = model.teacherForced(batch);
  const [lengths, ...frames] = await Promise.all([
    batch.lengths.data(),
    ...[batch.frames, forced].map((tensor) => tensor.data<'float32'>()),
  ]);
  const [, most, bands] = batch.frames.shape;
  tf.dispose([batch, forced]);
  const [vocoder, teacher] = frames.map((values) =>
    some.map((_, i) =>
      spectra.sound({
        data: values.slice(i * most * bands, (i * most + lengths[i]!) * bands),
        shape: [lengths[i]!, bands],
      }),
    ),
  ) as [Waveform[], Waveform[]];
  return {
    'Understood: recordings of the test': await share(
      test,
      test.map(({ waveform }) => waveform),
    ),
    'Understood: the sound of their spectrograms': await share(some, vocoder),
    'Understood: frames by the right ones before': await share(some, teacher),
  };
}
