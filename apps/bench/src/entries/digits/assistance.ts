import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { spectrogramEncoder } from '@crossmodal/encoders-audio';
import { convolutionalEncoder } from '@crossmodal/encoders-vision';
import { type FusionBatch, type FusionClassifier, fusionClassifier, gated } from '@crossmodal/fusion';
import * as tf from '@tensorflow/tfjs-core';
import { noisy, type SpokenDigit, spokenDigits } from '../../data/spoken-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { digitPictures, type WrittenDigits } from './digit-pictures.js';

export interface AssistanceSettings {
  channels: number[];
  dimension: number;
  steps: number;
  batchSize: number;
  limit: number;
}

const settings: Settings<AssistanceSettings> = {
  quick: { channels: [16, 32, 48], dimension: 64, steps: 1200, batchSize: 48, limit: Number.POSITIVE_INFINITY },
  smoke: { channels: [4, 8], dimension: 8, steps: 3, batchSize: 8, limit: 60 },
};

/** Decibels of signal over noise at which is tested; training draws from the same range. */
const ratios = [10, 5, 0, -5, -10] as const;

export const assistanceEntry: Entry = {
  id: 'assistance',
  paradigm: 'fusion, missing modalities',
  title: 'Spoken digits under noise, with and without their picture',
  question: 'Does a picture help where the ear fails, and does its absence do no harm?',
  run: (context) => runAssistance(context),
};

interface Listener {
  /** With the picture alone; of the model that was trained with pictures. */
  pictureAlone?: number;
  accuracies: number[];
  untrained: number;
  history: Awaited<ReturnType<typeof trainToEnd>>;
}

/** Trains one classifier on sound and picture, either of which may be missing, and one of equal size on sound alone. */
export async function runAssistance(
  context: EntryContext,
  own: AssistanceSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { dataFolder } = context;
  const spoken = await spokenDigits({ dataFolder, limit: own.limit });
  const written = await mnist({ data: dataFolder });
  const sets = {
    train: spoken.filter(({ split }) => split === 'train'),
    test: spoken.filter(({ split }) => split === 'test'),
  };
  const pictures = { train: digitPictures(written.train), test: digitPictures(written.test) };
  const both = await listener(context, own, sets, pictures, { picturesInTraining: true, shown: [true, false] });
  const alone = await listener(context, own, sets, pictures, { picturesInTraining: false, shown: [false] });
  const curves = {
    'sound and picture': both[0]!,
    'the same model, picture missing': both[1]!,
    'trained on sound alone': alone[0]!,
  };
  const rows = Object.entries(curves).flatMap(([name, { accuracies, untrained }]) =>
    ratios.map(
      (ratio, i): Row => ({
        metric: `right digits at ${ratio} dB: ${name}`,
        better: 'higher',
        chance: 0.1,
        untrained: i === 0 ? untrained : null,
        value: accuracies[i]!,
        published: null,
      }),
    ),
  );
  rows.push({
    metric: 'right digits: the same model, sound missing',
    better: 'higher',
    chance: 0.1,
    untrained: null,
    value: both[0]!.pictureAlone!,
    published: null,
  });
  return {
    rows,
    headline: Object.keys(curves).map((name) => `right digits at 0 dB: ${name}`),
    summary:
      'Recordings of digits under white noise, with a handwritten digit of the same class beside them (gated fusion). In training every ' +
      'recording is there twice, with a picture and without, and every third of the pictures without the recording: the model hears as much ' +
      'sound alone as the one that has nothing else. The recordings and the pictures of the test were not in training.',
    facts: {
      'Training recordings': sets.train.length,
      'Test recordings': sets.test.length,
      'Steps of each model': own.steps,
      'Steps per second': both[0]!.history.stepsPerSecond.toFixed(1),
    },
    figures: [
      {
        kind: 'curves',
        title: 'Accuracy over noise',
        xLabel: 'signal over noise, dB',
        yLabel: 'share right',
        share: true,
        series: Object.entries(curves).map(([name, { accuracies }]) => ({
          name,
          points: ratios.map((ratio, i): [number, number] => [ratio, accuracies[i]!]).reverse(),
        })),
        references: [
          { name: 'chance', y: 0.1 },
          { name: 'the same model, sound missing', y: both[0]!.pictureAlone! },
        ],
      },
      {
        kind: 'curves',
        title: 'Loss',
        xLabel: 'step',
        yLabel: 'nats',
        series: [
          { name: 'sound and picture', points: trainingCurve(both[0]!.history) },
          { name: 'sound alone', points: trainingCurve(alone[0]!.history) },
        ],
      },
    ],
  };
}

async function listener(
  { seed, shuffle, follow }: EntryContext,
  { channels, dimension, steps, batchSize }: AssistanceSettings,
  { train, test }: { train: readonly SpokenDigit[]; test: readonly SpokenDigit[] },
  pictures: { train: WrittenDigits; test: WrittenDigits },
  { picturesInTraining, shown }: { picturesInTraining: boolean; shown: readonly boolean[] },
): Promise<Listener[]> {
  const audio = spectrogramEncoder({ sampleRate: 8000, seconds: 0.6, bands: 40, channels, dimension, seed });
  const image = convolutionalEncoder({ size: 28, inputChannels: 1, channels, dimension, seed });
  const model = fusionClassifier({
    encoders: { audio, image },
    classes: 10,
    strategy: gated({ dimension }),
    hidden: [dimension],
    dropout: 0.2,
    seed,
  });
  // Control: in training every recording is called another digit.
  const told = train.map(({ digit }) => digit);
  const labels = shuffle ? new Random(seed).fork('control').shuffle(told) : told;
  const data = batchesOf<FusionBatch<'audio' | 'image'>>(
    train.length,
    async (indices, random) => {
      // With pictures every recording is in the batch twice: beside one, and alone.
      const rows = picturesInTraining ? [...indices, ...indices] : indices;
      const labelled = {
        audio: await audio.prepare(
          rows.map((index, row) => {
            const own = random.fork(row);
            return noisy(train[index]!.waveform, 10 - 20 * own.uniform(), own);
          }),
          { training: true, random },
        ),
        labels: tf.tensor1d(
          rows.map((index) => labels[index]!),
          'int32',
        ),
      };
      if (!picturesInTraining) return labelled;
      const first = (row: number) => row < indices.length;
      return {
        ...labelled,
        image: await image.prepare(rows.map((index) => pictures.train.of(train[index]!.digit, random))),
        present: {
          audio: tf.tensor1d(rows.map((_, row) => (first(row) && random.uniform() < 1 / 3 ? 0 : 1))),
          image: tf.tensor1d(rows.map((_, row) => (first(row) ? 1 : 0))),
        },
      };
    },
    { batchSize, seed },
  );
  const measure = (ratio: number, withPicture: boolean) =>
    accuracy(model, test, { ratio, seed, pictures: withPicture ? pictures.test : undefined, heard: true });
  const untrained = await measure(ratios[0], shown[0]!);
  const optimizer = adamW({
    learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: 3e-3, steps }) }),
    weightDecay: 0.01,
  });
  const label = picturesInTraining ? 'sound and picture' : 'sound alone';
  const history = await trainToEnd(model, optimizer, data, { steps, ...follow(label, steps) });
  const listeners: Listener[] = [];
  for (const withPicture of shown) {
    const accuracies: number[] = [];
    for (const ratio of ratios) accuracies.push(await measure(ratio, withPicture));
    listeners.push({ accuracies, untrained, history });
  }
  if (picturesInTraining) {
    listeners[0]!.pictureAlone = await accuracy(model, test, { ratio: 0, seed, pictures: pictures.test, heard: false });
  }
  model.dispose();
  return listeners;
}

async function accuracy(
  model: FusionClassifier<'audio' | 'image'>,
  test: readonly SpokenDigit[],
  {
    ratio,
    seed,
    pictures,
    heard,
  }: { ratio: number; seed: number; pictures: WrittenDigits | undefined; heard: boolean },
): Promise<number> {
  const random = new Random(seed).fork('noise').fork(String(ratio));
  const audio = test.map(({ waveform }, i) => noisy(waveform, ratio, random.fork(i)));
  const image = pictures && test.map(({ digit }) => pictures.of(digit, random));
  const probabilities = await model.classifyItems({ ...(heard && { audio }), ...(image && { image }) });
  const rows = (await probabilities.array()) as number[][];
  probabilities.dispose();
  return test.filter(({ digit }, i) => rows[i]!.indexOf(Math.max(...rows[i]!)) === digit).length / test.length;
}
