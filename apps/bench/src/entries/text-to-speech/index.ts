import type { LabelledBatch } from '@crossmodal/adaptation';
import { Random } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { type SpeechBatch, type TextToSpeech, textToSpeech } from '@crossmodal/encoder-decoder';
import { encodeWav, inverseLogMel, logMel, type Waveform } from '@crossmodal/encoders-audio';
import { transformerEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { digitNames } from '../../data/digit-sequences.js';
import { type SpokenDigit, spokenDigits } from '../../data/spoken-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { digitJudge } from './judge.js';

export interface TextToSpeechSettings {
  bands: number;
  maximumFrames: number;
  dimension: number;
  epochs: number;
  batchSize: number;
  judge: { channels: number[]; epochs: number };
  /** Recordings of the data set. */
  limit: number;
}

const settings: Settings<TextToSpeechSettings> = {
  quick: {
    ...{ bands: 40, maximumFrames: 80, dimension: 96, epochs: 20, batchSize: 48 },
    ...{ judge: { channels: [12, 24, 48], epochs: 5 }, limit: Number.POSITIVE_INFINITY },
  },
  smoke: {
    ...{ bands: 16, maximumFrames: 24, dimension: 8, epochs: 1, batchSize: 16 },
    ...{ judge: { channels: [4, 8], epochs: 1 }, limit: 200 },
  },
};

const sampleRate = 8000;

export const textToSpeechEntry: Entry = {
  id: 'text-to-speech',
  paradigm: 'encoder-decoder',
  title: 'Say a digit in the voice of a speaker',
  question: 'Does a recogniser that knows nothing of the model understand what it says? (FSDD, ten digits, six voices)',
  run: (context) => runTextToSpeech(context),
};

/** Trains a model that speaks digits in several voices, makes sound of its spectrograms, and has a recogniser listen. */
export async function runTextToSpeech(
  context: EntryContext,
  own: TextToSpeechSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, dataFolder, shuffle } = context;
  const recordings = await spokenDigits({ dataFolder, limit: own.limit });
  const train = recordings.filter(({ split }) => split === 'train');
  const seconds = own.maximumFrames / 100;
  const judge = await trainedJudge(train, { own, seconds, context });
  const real = recordings.filter(({ split }) => split === 'test');
  const judgeAccuracy = accuracy(
    await judge.hear(real.map(({ waveform }) => waveform)),
    real.map(({ digit }) => digit),
  );

  const speakers = [...new Set(train.map(({ speaker }) => speaker))].sort();
  const asked = speakers.flatMap((speaker) => digitNames.map((name, digit) => ({ text: `${speaker} ${name}`, digit })));
  const spectra = spectraOf(train, own);
  const model = textToSpeech({
    encoder: transformerEncoder({
      tokenizer: wordTokenizer({ corpus: asked.map(({ text }) => text) }),
      ...{ dimension: own.dimension, layers: 1, heads: 2, maximumLength: 2, dropout: 0, seed },
    }),
    ...{ bands: own.bands, maximumFrames: own.maximumFrames, dimension: own.dimension, layers: 2, heads: 4, seed },
  });
  const understood = async () => {
    const said = await speak(
      model,
      asked.map(({ text }) => text),
      { own, spectra },
    );
    return { said, heard: await judge.hear(said) };
  };
  const digits = asked.map(({ digit }) => digit);
  const untrained = accuracy((await understood()).heard, digits);
  const texts = train.map(({ speaker, digit }) => `${speaker} ${digitNames[digit]}`);
  // Control: in training every recording has the text of another.
  const trainTexts = shuffle ? new Random(seed).fork('control').shuffle(texts) : texts;
  const data = batchesOf<SpeechBatch>(
    train.length,
    async (indices) => ({
      inputs: await model.encoder.prepare(indices.map((index) => trainTexts[index]!)),
      ...frameBatch(
        indices.map((index) => spectra.frames[index]!),
        own,
      ),
    }),
    { batchSize: own.batchSize, seed },
  );
  const steps = own.epochs * data.batchesPerEpoch!;
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: 1e-3, steps }) });
  const optimizer = adamW({ learningRate, weightDecay: 0.01 });
  const history = await trainToEnd(model, optimizer, data, {
    epochs: own.epochs,
    ...context.follow('speaking', steps),
  });
  const { said, heard } = await understood();
  const share = accuracy(heard, digits);
  model.dispose();
  judge.dispose();
  const counts = digitNames.map(() => digitNames.map(() => 0));
  for (const [i, digit] of digits.entries()) counts[digit]![heard[i]!]!++;
  return {
    rows: [
      {
        metric: 'digits understood',
        better: 'higher',
        chance: 0.1,
        untrained,
        value: share,
        published: null,
      },
    ],
    summary:
      'A Transformer makes log-mel frames of the name of a speaker and a digit, and says when it ends; Griffin-Lim makes sound of them. ' +
      'A recogniser that was trained on recordings alone listens to every digit in every voice.',
    facts: {
      'Said and heard': asked.length,
      'Recogniser, real recordings of the test': judgeAccuracy.toFixed(3),
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
        kind: 'confusion',
        title: 'What is said (rows) and what is heard (columns).',
        caption: 'All voices.',
        classes: digitNames,
        counts,
      },
      {
        kind: 'sounds',
        title: 'What the model says.',
        caption: 'All digits in the voice of the first speaker.',
        sounds: said
          .slice(0, digitNames.length)
          .map((waveform, i) => ({ label: asked[i]!.text, wav: encodeWav(waveform) })),
      },
    ],
  };
}

/** Log-mel frames of recordings in memory, with mean 0 and deviation 1 over all of them. */
interface Spectra {
  frames: { data: Float32Array; count: number }[];
  mean: number;
  deviation: number;
}

function spectraOf(train: readonly SpokenDigit[], { bands, maximumFrames }: TextToSpeechSettings): Spectra {
  const spectra = train.map(({ waveform }) => logMel(waveform.samples, { sampleRate, bands }));
  let [sum, squares, count] = [0, 0, 0];
  for (const { data } of spectra) {
    for (const value of data) {
      sum += value;
      squares += value * value;
    }
    count += data.length;
  }
  const mean = sum / count;
  const deviation = Math.sqrt(squares / count - mean ** 2);
  const frames = spectra.map(({ data, shape }) => ({
    data: data.slice(0, maximumFrames * bands).map((value) => (value - mean) / deviation),
    count: Math.min(maximumFrames, shape[0]),
  }));
  return { frames, mean, deviation };
}

function frameBatch(
  rows: readonly Spectra['frames'][number][],
  { bands, maximumFrames }: TextToSpeechSettings,
): Pick<SpeechBatch, 'frames' | 'lengths'> {
  const values = new Float32Array(rows.length * maximumFrames * bands);
  for (const [i, { data }] of rows.entries()) values.set(data, i * maximumFrames * bands);
  return {
    frames: tf.tensor3d(values, [rows.length, maximumFrames, bands]),
    lengths: tf.tensor1d(
      rows.map(({ count }) => count),
      'int32',
    ),
  };
}

/** Texts as sound. */
async function speak(
  model: TextToSpeech,
  texts: readonly string[],
  { own, spectra }: { own: TextToSpeechSettings; spectra: Spectra },
): Promise<Waveform[]> {
  const inputs = await model.encoder.prepare(texts);
  const spoken = await model.generate(inputs);
  tf.dispose(inputs);
  return spoken.map(({ data, shape }) => {
    const features = { data: data.map((value) => value * spectra.deviation + spectra.mean), shape };
    return { samples: inverseLogMel(features, { sampleRate, bands: own.bands }), sampleRate };
  });
}

async function trainedJudge(
  train: readonly SpokenDigit[],
  { own, seconds, context }: { own: TextToSpeechSettings; seconds: number; context: EntryContext },
) {
  const { channels, epochs } = own.judge;
  // Another seed than the speaker's: they have nothing in common.
  const judge = digitJudge({ channels, seconds, seed: context.seed + 1000 });
  const data = batchesOf<LabelledBatch>(
    train.length,
    async (indices, random) => ({
      inputs: await judge.encoder.prepare(
        indices.map((index) => train[index]!.waveform),
        { training: true, random },
      ),
      labels: tf.tensor1d(
        indices.map((index) => train[index]!.digit),
        'int32',
      ),
    }),
    { batchSize: 32, seed: context.seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const optimizer = adamW({ learningRate: cosine({ from: 3e-3, steps }), weightDecay: 0.01 });
  await trainToEnd(judge.model, optimizer, data, { epochs, ...context.follow('recogniser', steps) });
  return judge;
}

const accuracy = (heard: readonly number[], digits: readonly number[]): number =>
  heard.filter((digit, i) => digit === digits[i]).length / digits.length;
