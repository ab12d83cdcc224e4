import { type DualEncoder, dualEncoder, retrievalMetrics } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { spectrogramEncoder } from '@crossmodal/encoders-audio';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import { digitNames } from '../../data/moving-digits.js';
import { type SpokenDigit, spokenDigits } from '../../data/spoken-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { digitPictures, type WrittenDigits } from './digit-pictures.js';

export interface ThreeModalitiesSettings {
  channels: number[];
  dimension: number;
  steps: number;
  batchSize: number;
  limit: number;
}

const settings: Settings<ThreeModalitiesSettings> = {
  quick: { channels: [8, 16, 32], dimension: 32, steps: 400, batchSize: 64, limit: Number.POSITIVE_INFINITY },
  smoke: { channels: [4, 8], dimension: 8, steps: 3, batchSize: 8, limit: 120 },
};

/** The speaker who is never heard in training. */
const heldOutSpeaker = 'theo';

type Modality = 'audio' | 'image' | 'text';
const modalities: readonly Modality[] = ['audio', 'image', 'text'];

export const threeModalitiesEntry: Entry = {
  id: 'three-modalities',
  paradigm: 'embedding alignment, three modalities',
  title: 'Spoken, written and named digits in one space',
  question:
    'Do recordings of a new speaker, pictures of new writers and words find each other, when half of the sounds or pictures are missing?',
  run: (context) => runThreeModalities(context),
};

/** Trains one dual encoder of three modalities, of which audio or image is missing in every second row. */
export async function runThreeModalities(
  context: EntryContext,
  own: ThreeModalitiesSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, shuffle, dataFolder } = context;
  const { channels, dimension, steps, batchSize, limit } = own;
  const spoken = await spokenDigits({ dataFolder, limit });
  const written = await mnist({ data: dataFolder });
  const train = spoken.filter(({ speaker }) => speaker !== heldOutSpeaker);
  const test = spoken.filter(({ speaker }) => speaker === heldOutSpeaker);
  const pictures = { train: digitPictures(written.train), test: digitPictures(written.test) };
  const audio = spectrogramEncoder({ sampleRate: 8000, seconds: 0.6, bands: 40, channels, dimension: 64, seed });
  const image = convolutionalEncoder({ size: 28, inputChannels: 1, channels, dimension: 64, seed });
  const tokenizer = wordTokenizer({ corpus: [...digitNames] });
  const text = bagEncoder({ tokenizer, dimension: 64, maximumLength: 2, seed });
  const model = dualEncoder({ encoders: { audio, image, text }, dimension, seed });
  // Control: in training every recording belongs to another digit.
  const told = train.map(({ digit }) => digit);
  const digits = shuffle ? new Random(seed).fork('control').shuffle(told) : told;
  const data = batchesOf(
    train.length,
    async (indices, random) => {
      const lacks = indices.map(() => random.integer(4)); // 0: no sound, 1: no picture, else whole
      const mask = (place: number) => tf.tensor1d(lacks.map((lack) => Number(lack !== place)));
      return {
        audio: await audio.prepare(
          indices.map((index) => train[index]!.waveform),
          { training: true, random },
        ),
        image: await image.prepare(indices.map((index) => pictures.train.of(digits[index]!, random))),
        text: await text.prepare(indices.map((index) => digitNames[digits[index]!]!)),
        present: { audio: mask(0), image: mask(1) },
        groups: tf.tensor1d(
          indices.map((index) => digits[index]!),
          'int32',
        ),
      };
    },
    { batchSize, seed },
  );
  const measure = () => precisions(model, test, pictures.test, seed);
  const untrained = await measure();
  const optimizer = adamW({ learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: 3e-3, steps }) }) });
  const history = await trainToEnd(model, optimizer, data, { steps, ...context.follow('three modalities', steps) });
  const trained = await measure();
  const heard = await heardAs(model, test);
  model.dispose();
  const rows = Object.keys(trained).map(
    (direction): Row => ({
      metric: `mAP, ${direction}`,
      better: 'higher',
      chance: trained[direction]!.chance,
      untrained: untrained[direction]!.value,
      value: trained[direction]!.value,
      published: null,
    }),
  );
  return {
    rows,
    headline: rows.map(({ metric }) => metric).slice(0, 4),
    summary:
      `Recordings, handwritten digits and words in one space. The speaker of the test (${heldOutSpeaker}) and its writers were not in ` +
      'training, where the sound or the picture is missing in half of the rows. Each modality searches both others; right is ' +
      'whatever shows the same digit.',
    facts: {
      'Training recordings': train.length,
      'Test recordings': test.length,
      Steps: steps,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures: [
      {
        kind: 'curves',
        title: 'Contrastive loss',
        xLabel: 'step',
        yLabel: 'nats',
        series: [{ name: 'training', points: trainingCurve(history) }],
      },
      {
        kind: 'bars',
        title: 'Mean average precision, all six directions',
        caption: 'Items of the test that look for those of another modality.',
        bars: rows.map(({ metric, value }) => ({ name: metric.replace('mAP, ', ''), value })),
        maximum: 1,
      },
      {
        kind: 'confusion',
        title: 'What is heard as what',
        caption: `Recordings of ${heldOutSpeaker}, by digit and by the nearest word.`,
        classes: [...digitNames],
        counts: digitNames.map((_, digit) =>
          digitNames.map((_word, other) => test.filter((own, i) => own.digit === digit && heard[i] === other).length),
        ),
      },
    ],
  };
}

/** The nearest word of each recording, by digit. */
async function heardAs(model: DualEncoder<Modality>, test: readonly SpokenDigit[]): Promise<number[]> {
  const audio = await model.embedItems(
    'audio',
    test.map(({ waveform }) => waveform),
  );
  const text = await model.embedItems('text', digitNames);
  const nearest = tf.tidy(() => tf.argMax(tf.matMul(audio, text, false, true), 1));
  const digits = Array.from(await nearest.data());
  tf.dispose([audio, text, nearest]);
  return digits;
}

/** Mean average precision of the six directions. */
async function precisions(
  model: DualEncoder<Modality>,
  test: readonly SpokenDigit[],
  pictures: WrittenDigits,
  seed: number,
): Promise<Record<string, { value: number; chance: number }>> {
  const random = new Random(seed).fork('test pictures');
  const items: Record<Modality, readonly unknown[]> = {
    audio: test.map(({ waveform }) => waveform),
    image: test.map(({ digit }) => pictures.of(digit, random)),
    text: [...digitNames],
  };
  const spokenDigit = test.map(({ digit }) => digit);
  const labels: Record<Modality, number[]> = {
    audio: spokenDigit,
    image: spokenDigit,
    text: digitNames.map((_, digit) => digit),
  };
  const rows = {} as Record<Modality, tf.Tensor2D>;
  for (const name of modalities) rows[name] = await model.embedItems(name, items[name]);
  const found: Record<string, { value: number; chance: number }> = {};
  for (const from of modalities) {
    for (const to of modalities) {
      if (from === to) continue;
      const relevant = { queries: labels[from], gallery: labels[to] };
      const { meanAveragePrecision, chance } = await retrievalMetrics(rows[from], rows[to], { relevant });
      found[`${from} to ${to}`] = { value: meanAveragePrecision, chance: chance.meanAveragePrecision };
    }
  }
  tf.dispose(rows);
  return found;
}
