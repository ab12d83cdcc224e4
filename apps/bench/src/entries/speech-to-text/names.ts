import { Random } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { type CtcBatch, type CtcRecogniser, characterErrorRate, ctcRecogniser } from '@crossmodal/encoder-decoder';
import { type AudioItem, spectrogramEncoder } from '@crossmodal/encoders-audio';
import { characterTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { openMojiCorpus } from '../../data/corpus.js';
import type { Emoji } from '../../data/openmoji.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { type Recordings, readRecordings, recordingInputs } from '../speech/recordings.js';
import { heldOutUtterances, trainingUtterances } from '../speech/voices.js';

export interface SpokenNamesSettings {
  seconds: number;
  bands: number;
  channels: number[];
  epochs: number;
  batchSize: number;
  /** Most letters of a name. */
  letters: number;
  limit: number;
}

const settings: Settings<SpokenNamesSettings> = {
  quick: {
    ...{ seconds: 2, bands: 40, channels: [24, 48, 96], epochs: 16, batchSize: 32, letters: 28 },
    limit: Number.POSITIVE_INFINITY,
  },
  smoke: { seconds: 0.8, bands: 16, channels: [4, 8], epochs: 1, batchSize: 4, letters: 28, limit: 24 },
};

export const spokenNamesEntry: Entry = {
  id: 'spoken-names',
  paradigm: 'encoder-decoder',
  title: 'Write down a name letter by letter',
  question: 'Are names of emojis written down that a voice says which was never heard?',
  run: (context) => runSpokenNames(context),
};

const lettersOf = (text: string): string =>
  text
    .toLowerCase()
    .match(/[a-z0-9]+/g)
    ?.join(' ') ?? '';

/** Trains a CTC recogniser of letters on names in six voices, and has a seventh say names of training and new ones. */
export async function runSpokenNames(
  context: EntryContext,
  own: SpokenNamesSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed } = context;
  const { seconds, bands, channels, letters, limit } = own;
  const writable = ({ annotation }: Emoji) => {
    const { length } = lettersOf(annotation);
    return length > 0 && length <= letters;
  };
  const corpus = openMojiCorpus(context.openmoji, { limit, keep: writable });
  const stride = Math.max(1, Math.floor(corpus.train.length / corpus.test.length));
  const known = corpus.train.filter((_, i) => i % stride === 0).slice(0, corpus.test.length);
  const files = await context.speech([
    ...trainingUtterances(corpus.train, 1),
    ...heldOutUtterances(corpus.test),
    ...heldOutUtterances(known),
  ]);
  const texts = corpus.train.map(({ annotation }) => lettersOf(annotation));
  const encoder = spectrogramEncoder({ sampleRate: 8000, seconds, bands, channels, dimension: 96, seed });
  const model = ctcRecogniser<AudioItem>({
    encoder,
    ...{ tokenizer: characterTokenizer({ corpus: texts }), maximumLength: letters, seed },
  });
  const recordings = await readRecordings(encoder, files.slice(0, texts.length));
  const tests = await Promise.all(
    [corpus.test, known].map(async (emojis, i) => {
      const from = texts.length + i * corpus.test.length;
      return {
        recordings: await readRecordings(encoder, files.slice(from, from + emojis.length)),
        texts: emojis.map(({ annotation }) => lettersOf(annotation)),
      };
    }),
  );
  const hear = (beamWidth: number) =>
    Promise.all(tests.map((test) => transcriptsOf(model, test.recordings, { beamWidth })));
  const rates = (heard: readonly string[][]) => heard.map((some, i) => characterErrorRate(some, tests[i]!.texts).rate);
  const untrained = rates(await hear(1));
  const history = await trainNames(model, recordings, texts, { own, context });
  const heard = await hear(8);
  const trained = rates(heard);
  model.dispose();
  // Names of other emojis.
  const chance = tests.map(({ texts: right }) => characterErrorRate([...right.slice(1), right[0]!], right).rate);
  const row = (metric: string, i: number): Row => ({
    ...{ metric, better: 'lower', chance: chance[i]!, untrained: untrained[i]!, value: trained[i]!, published: null },
  });
  return {
    rows: [row('character error rate, names of training', 1), row('character error rate, new names', 0)],
    summary:
      'Names are spoken by a synthesiser; a convolutional network gives a letter or nothing per 40 milliseconds (CTC), a beam over ' +
      'prefixes makes a text of it. The voice of the test was never heard. Chance is the name of another emoji.',
    facts: {
      'Training recordings': texts.length,
      'Test recordings': `${known.length} of names of training, ${corpus.test.length} of new names`,
      Steps: history.records.length,
      'Steps per second': history.stepsPerSecond.toFixed(1),
      Examples: tests[0]!.texts
        .slice(0, 6)
        .map((text, i) => `"${text}" heard as "${heard[0]![i]}"`)
        .join('; '),
    },
    figures: [
      {
        kind: 'curves',
        title: 'CTC loss',
        xLabel: 'step',
        yLabel: 'nats per letter',
        series: [{ name: 'training', points: trainingCurve(history) }],
      },
    ],
  };
}

function trainNames(
  model: CtcRecogniser<AudioItem>,
  recordings: Recordings,
  texts: readonly string[],
  { own, context }: { own: SpokenNamesSettings; context: EntryContext },
): Promise<History> {
  const { seed, shuffle, follow } = context;
  const { epochs, batchSize } = own;
  // Control: in training every recording has the name of another.
  const trainTexts = shuffle ? new Random(seed).fork('control').shuffle(texts) : texts;
  const data = batchesOf<CtcBatch>(
    texts.length,
    (indices, random) => ({
      inputs: recordingInputs(recordings, indices, random, { timeWidth: 6 }), // about one letter
      labels: model.prepareLabels(indices.map((index) => trainTexts[index]!)),
    }),
    { batchSize, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: 3e-3, steps }) });
  const optimizer = adamW({ learningRate, weightDecay: 0.01 });
  return trainToEnd(model, optimizer, data, { epochs, ...follow('names', steps) });
}

async function transcriptsOf(
  model: CtcRecogniser<AudioItem>,
  recordings: Recordings,
  { beamWidth }: { beamWidth: number },
): Promise<string[]> {
  const texts: string[] = [];
  for (let from = 0; from < recordings.count; from += 50) {
    const indices = Array.from({ length: Math.min(50, recordings.count - from) }, (_, i) => from + i);
    const inputs = recordingInputs(recordings, indices);
    texts.push(...(await model.transcribe(inputs, { beamWidth })).map(([best]) => best!.text));
    tf.dispose(inputs);
  }
  return texts;
}
