import { readFile } from 'node:fs/promises';
import { type RetrievalMetrics, retrievalMetrics } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Emoji } from '../../data/openmoji.js';
import type { Settings } from '../../presets.js';
import { alignedModel } from '../alignment/model.js';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { captionOf } from '../shared/captions.js';
import { trainingCurve, validationCurve } from '../shared/curve.js';
import { cutOffsFor, exampleRows, recallRows, searchFigure } from '../shared/retrieval.js';
import { buildSpeechModel, type SpeechSettings, trainSpeech } from './model.js';
import { type Recordings, readRecordings, recordingInputs } from './recordings.js';
import { heldOutUtterances, trainingUtterances } from './voices.js';

const settings: Settings<SpeechSettings & { perName: number }> = {
  quick: {
    sampleRate: 8000,
    seconds: 1.6,
    bands: 32,
    channels: [16, 32, 48, 64],
    steps: 350,
    batchSize: 64,
    perName: 2,
  },
  smoke: { sampleRate: 8000, seconds: 0.8, bands: 16, channels: [4, 8], steps: 2, batchSize: 8, perName: 1 },
};

export const speech: Entry = {
  id: 'speech',
  paradigm: 'three modalities, contrastive loss',
  title: 'Say it, and the picture is found',
  question: 'Does a name spoken by a voice that was never heard find its picture?',
  run: runSpeech,
};

async function runSpeech(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const { perName, ...size } = settings[preset];
  const aligned = await alignedModel(context);
  const { corpus } = aligned;
  const cutOffs = cutOffsFor(corpus.test.length);
  const widest = cutOffs.at(-1)!;
  // As many emojis of training as there are test emojis, to ask for what is known in a voice that is not.
  const stride = Math.floor(corpus.train.length / corpus.test.length);
  const knownRows = corpus.test.map((_, index) => index * stride);
  const known = knownRows.map((row) => corpus.train[row]!);

  const spoken = trainingUtterances(corpus.train, perName);
  const files = await context.speech([...spoken, ...heldOutUtterances(corpus.test), ...heldOutUtterances(known)]);
  const dimension = aligned.model.dimension;
  const { model, audio } = buildSpeechModel(size, { dimension, seed });
  const recordings = await readRecordings(audio, files.slice(0, spoken.length));
  const newNames = await readRecordings(audio, files.slice(spoken.length, spoken.length + corpus.test.length));
  const knownNames = await readRecordings(audio, files.slice(spoken.length + corpus.test.length));

  const trainImage = await aligned.model.embedItems('image', aligned.trainImages, { batchSize: 128 });
  const trainText = await aligned.model.embedItems('text', corpus.train.map(captionOf), { batchSize: 128 });
  const testImage = await aligned.model.embedItems('image', aligned.testImages, { batchSize: 128 });
  const knownImage = tf.gather(trainImage, knownRows);
  const ask = async (which: Recordings, gallery: Tensor2D): Promise<RetrievalMetrics> => {
    const queries = embedRecordings(model, which);
    const metrics = await retrievalMetrics(queries, gallery, { k: cutOffs });
    queries.dispose();
    return metrics;
  };
  const untrained = { unseen: await ask(newNames, testImage), known: await ask(knownNames, knownImage) };
  const rowOf = spoken.map((_, index) => Math.floor(index / perName));
  const history = await trainSpeech(
    model,
    recordings,
    { image: await trainImage.array(), text: await trainText.array() },
    // Control: what is said belongs to another emoji, the same one throughout.
    shuffle ? permuted(rowOf, corpus.train.length, seed) : rowOf,
    {
      steps: size.steps,
      batchSize: size.batchSize,
      seed,
      follow: context.follow('speech', size.steps),
      validate: async () => ({
        'new names': (await ask(newNames, testImage)).recall[widest]!,
        'known names': (await ask(knownNames, knownImage)).recall[widest]!,
      }),
    },
  );
  const unseen = await ask(newNames, testImage);
  const familiar = await ask(knownNames, knownImage);
  const ends = [...new Set([1, widest])];
  const figures: EntryOutcome['figures'] = [
    {
      kind: 'curves',
      title: 'Contrastive loss',
      xLabel: 'step',
      yLabel: 'nats',
      series: [
        { name: 'speech and captions', points: trainingCurve(history, 'text-audio') },
        { name: 'speech and pictures', points: trainingCurve(history, 'image-audio') },
      ],
      references: [{ name: 'guessing: log of the batch size', y: Math.log(size.batchSize) }],
    },
    {
      kind: 'curves',
      title: `Recall@${widest}, a voice never heard`,
      xLabel: 'step',
      yLabel: 'share found',
      share: true,
      series: ['known names', 'new names'].map((name) => ({ name, points: validationCurve(history, name) })),
      references: [{ name: 'chance', y: unseen.chance.recall[widest]! }],
    },
    await example(context, 'Known names, new voice.', known, embedRecordings(model, knownNames), knownImage),
    await example(context, 'New names, new voice.', corpus.test, embedRecordings(model, newNames), testImage),
  ];
  tf.dispose([trainImage, trainText, testImage, knownImage]);
  model.dispose();
  return {
    rows: [
      ...recallRows('new voice, known names', untrained.known, familiar, ends),
      ...recallRows('new voice, new names', untrained.unseen, unseen, ends),
    ],
    summary:
      'Names are spoken by a synthesiser; a convolutional network on their spectrograms learns to land where the dual encoder ' +
      'has put picture and caption. All questions are asked by a voice that was not in training: for names that were spoken by others, ' +
      'and for names that were never spoken at all, where only words and sounds shared with other names can help.',
    facts: {
      'Training recordings': recordings.count,
      'Test recordings': `${knownNames.count} known, ${newNames.count} new names`,
      Steps: size.steps,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures,
  };
}

function embedRecordings(model: ReturnType<typeof buildSpeechModel>['model'], recordings: Recordings): Tensor2D {
  return tf.tidy(() => {
    const parts: Tensor2D[] = [];
    for (let start = 0; start < recordings.count; start += 128) {
      const count = Math.min(128, recordings.count - start);
      const rows = Array.from({ length: count }, (_, index) => start + index);
      parts.push(model.embed('audio', recordingInputs(recordings, rows)));
    }
    return tf.concat(parts, 0);
  });
}

async function example(
  context: EntryContext,
  title: string,
  emojis: readonly Emoji[],
  queries: Tensor2D,
  gallery: Tensor2D,
) {
  const files = await context.pictures(
    emojis.map(({ hexcode }) => hexcode),
    'color',
  );
  const pictures = await Promise.all(files.map((file) => readFile(file)));
  const names = emojis.map(({ annotation }) => annotation);
  const figure = await searchFigure(queries, gallery, exampleRows(names.length, 5), {
    title,
    caption: `The nearest of ${names.length} pictures; the right one is framed.`,
    asked: names.map((label) => ({ label })),
    answers: names.map((label, index) => ({ label, picture: pictures[index]! })),
    spoken: true,
  });
  queries.dispose();
  return figure;
}

function permuted(rows: readonly number[], count: number, seed: number): number[] {
  // Not the order of the dual encoder's control: twice the same exchange would bring name and picture together again.
  const order = new Random(seed).fork('control of speech').shuffle(Array.from({ length: count }, (_, index) => index));
  return rows.map((row) => order[row]!);
}
