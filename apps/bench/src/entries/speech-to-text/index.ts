import { type Encoder, type Inputs, Random } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import {
  beam,
  type CtcBatch,
  ctcRecogniser,
  encoderDecoder,
  recurrentDecoder,
  type SequenceBatch,
  wordErrorRate,
} from '@crossmodal/encoder-decoder';
import { type AudioItem, spectrogramEncoder } from '@crossmodal/encoders-audio';
import { wordTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { type DigitSequence, digitNames, digitSequences } from '../../data/digit-sequences.js';
import { spokenDigits } from '../../data/spoken-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { type Recordings, readRecordings, recordingInputs } from '../speech/recordings.js';

export interface SpeechToTextSettings {
  seconds: number;
  bands: number;
  channels: number[];
  dimension: number;
  /** Sequences of training and test. */
  sequences: readonly [train: number, test: number];
  epochs: number;
  batchSize: number;
  /** Recordings of the data set. */
  limit: number;
}

const settings: Settings<SpeechToTextSettings> = {
  quick: {
    ...{ seconds: 3.2, bands: 40, channels: [16, 32, 64, 96], dimension: 96, sequences: [1600, 200] },
    ...{ epochs: 12, batchSize: 32, limit: Number.POSITIVE_INFINITY },
  },
  smoke: {
    ...{ seconds: 1.6, bands: 16, channels: [4, 8, 8, 8], dimension: 8, sequences: [16, 8] },
    ...{ epochs: 1, batchSize: 8, limit: 300 },
  },
};

/** Heard in the test alone. */
const heldOutSpeaker = 'theo';

export const speechToTextEntry: Entry = {
  id: 'speech-to-text',
  paradigm: 'encoder-decoder',
  title: 'Write down the digits that somebody says',
  question: 'Are digits written down that a voice says which was never heard? (FSDD, sequences of 3 to 6)',
  run: (context) => runSpeechToText(context),
};

/** Trains a CTC recogniser and an attention model with equal encoders on the same sequences, and asks a voice never heard. */
export async function runSpeechToText(
  context: EntryContext,
  own: SpeechToTextSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, dataFolder, shuffle } = context;
  const { seconds, limit, sequences } = own;
  const recordings = await spokenDigits({ dataFolder, limit });
  const lengths = { shortest: 3, longest: 6, seconds };
  const known = recordings.filter(({ speaker, split }) => speaker !== heldOutSpeaker && split === 'train');
  const train = digitSequences(known, { ...lengths, count: sequences[0], seed });
  const test = digitSequences(
    recordings.filter(({ speaker }) => speaker === heldOutSpeaker),
    { ...lengths, count: sequences[1], seed: 'speech-to-text' },
  );
  // Control: in training every recording has the text of another.
  const texts = train.map(({ text }) => text);
  const trainTexts = shuffle ? new Random(seed).fork('control').shuffle(texts) : texts;
  // Both models have encoders of equal options: what these prepare is made once.
  const encoder = digitEncoder(own, seed);
  const recorded = await readRecordings(
    encoder,
    train.map(({ waveform }) => waveform),
  );
  encoder.dispose();
  const run = { own, context, recorded, trainTexts, test };
  const ctc = await ctcResults(run);
  const attention = await attentionResults(run);
  // Texts of other recordings: as many digits, as often each.
  const chance = rateOf(
    [...test.slice(1), test[0]!].map(({ text }) => text),
    test,
  );
  const row = (metric: string, value: number, untrained: number): Row => ({
    ...{ metric, better: 'lower', chance, untrained, value, published: null },
  });
  const rows = [
    row('word error rate, CTC, best path', ctc.greedy, ctc.untrained),
    row('word error rate, CTC, prefix beam', ctc.beam, ctc.untrained),
    row('word error rate, attention, beam', attention.beam, attention.untrained),
  ];
  return {
    rows,
    headline: rows.slice(1).map(({ metric }) => metric),
    summary:
      `Recordings of digits are joined to sequences of 3 to 6 with pauses between them. Two models of equal convolutional encoders ` +
      `write them down: one gives a digit or nothing per 80 milliseconds (CTC), the other looks at the recording while it writes ` +
      `(LSTM with attention). The voice of the test, ${heldOutSpeaker}, was never heard. Chance is the text of another recording.`,
    facts: {
      'Training sequences': train.length,
      'Test sequences': test.length,
      'Steps of each model': ctc.history.records.length,
      'Steps per second': `${ctc.history.stepsPerSecond.toFixed(1)} / ${attention.history.stepsPerSecond.toFixed(1)}`,
      Examples: test
        .slice(0, 4)
        .map(({ text }, i) => `"${text}" heard as "${ctc.texts[i]}" / "${attention.texts[i]}"`)
        .join('; '),
    },
    figures: [
      {
        kind: 'curves',
        title: 'Loss',
        xLabel: 'step',
        yLabel: 'nats per digit',
        series: [
          { name: 'CTC', points: trainingCurve(ctc.history) },
          { name: 'attention', points: trainingCurve(attention.history) },
        ],
      },
      {
        kind: 'bars',
        title: 'Word error rate',
        caption: 'A voice never heard; lower is better.',
        bars: [
          ...rows.map(({ metric, value }) => ({
            name: metric.replace('word error rate, ', ''),
            value,
            emphasis: true,
          })),
          { name: 'text of another recording', value: chance },
        ],
        maximum: 1,
      },
    ],
  };
}

interface TextRun {
  own: SpeechToTextSettings;
  context: EntryContext;
  recorded: Recordings;
  trainTexts: readonly string[];
  test: readonly DigitSequence[];
}

interface Heard {
  history: History;
  texts: string[];
  untrained: number;
}

/** The word error rate of what was heard. */
const rateOf = (texts: readonly string[], test: readonly DigitSequence[]): number =>
  wordErrorRate(
    texts,
    test.map(({ text }) => text),
  ).rate;

const tokenizer = () => wordTokenizer({ corpus: digitNames });

function digitEncoder({ seconds, bands, channels, dimension }: SpeechToTextSettings, seed: number): Encoder<AudioItem> {
  return spectrogramEncoder({
    ...{ sampleRate: 8000, seconds, bands, channels, dimension, seed },
  });
}

/** The same for both models: batches of recordings with their texts, and one optimiser. */
async function trainOn<Batch>(
  label: string,
  model: Parameters<typeof trainToEnd<Batch>>[0],
  make: (inputs: Inputs, texts: string[]) => Batch,
  { own, context, recorded, trainTexts }: TextRun,
): Promise<History> {
  const { epochs, batchSize } = own;
  const data = batchesOf<Batch>(
    trainTexts.length,
    (indices, random) =>
      make(
        // Shorter than a digit, which would be written but not heard.
        recordingInputs(recorded, indices, random, { timeWidth: 12 }),
        indices.map((index) => trainTexts[index]!),
      ),
    { batchSize, seed: context.seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const learningRate = linearWarmup({ steps: steps / 20, to: cosine({ from: 2e-3, steps }) });
  const optimizer = adamW({ learningRate, weightDecay: 0.01 });
  return trainToEnd(model, optimizer, data, { epochs, ...context.follow(label, steps) });
}

async function ctcResults(run: TextRun): Promise<Heard & { greedy: number; beam: number }> {
  const { own, context, test } = run;
  const model = ctcRecogniser({
    encoder: digitEncoder(own, context.seed),
    ...{ tokenizer: tokenizer(), maximumLength: 6, seed: context.seed },
  });
  const hear = async (beamWidth: number) => {
    const texts: string[] = [];
    for (let from = 0; from < test.length; from += 50) {
      const inputs = await model.encoder.prepare(test.slice(from, from + 50).map(({ waveform }) => waveform));
      texts.push(...(await model.transcribe(inputs, { beamWidth })).map(([best]) => best!.text));
      tf.dispose(inputs);
    }
    return { texts, rate: rateOf(texts, test) };
  };
  const untrained = (await hear(1)).rate;
  const history = await trainOn<CtcBatch>(
    'CTC',
    model,
    (inputs, texts) => ({ inputs, labels: model.prepareLabels(texts) }),
    run,
  );
  const greedy = (await hear(1)).rate;
  const { texts, rate } = await hear(8);
  model.dispose();
  return { history, texts, untrained, greedy, beam: rate };
}

async function attentionResults(run: TextRun): Promise<Heard & { beam: number }> {
  const { own, context, test } = run;
  const model = encoderDecoder({
    encoder: digitEncoder(own, context.seed),
    decoder: recurrentDecoder({ dimension: 32, units: own.dimension, dropout: 0.1 }),
    ...{ tokenizer: tokenizer(), maximumLength: 8, memoryPositions: true, labelSmoothing: 0.1, seed: context.seed },
  });
  const hear = async (width: number) => {
    const items = test.map(({ waveform }) => waveform);
    const texts = await model.generateItems(items, { strategy: beam({ width }), batchSize: 50 });
    return { texts, rate: rateOf(texts, test) };
  };
  const untrained = (await hear(1)).rate;
  const history = await trainOn<SequenceBatch>(
    'attention',
    model,
    (inputs, texts) => ({ inputs, targets: model.prepareTargets(texts) }),
    run,
  );
  const { texts, rate } = await hear(4);
  model.dispose();
  return { history, texts, untrained, beam: rate };
}
