import { Random } from '@crossmodal/core';
import type { PictureQuestion } from '@crossmodal/core/data/sets';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { type BytePixels, convolutionalEncoder } from '@crossmodal/encoders-vision';
import { crossAttention, type QuestionAnswering, type QuestionBatch, questionAnswering } from '@crossmodal/fusion';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve, validationCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { easyVqaSet, nlvrSet, type QuestionSource } from './question-set.js';
import { accuracyOf, answersWithoutPictures } from './questions.js';

export interface QuestionSettings {
  size: number;
  channels: number[];
  dimension: number;
  blocks: number;
  /** Words of a question. */
  maximumLength: number;
  steps: number;
  batchSize: number;
  /** Pictures of each part. */
  limit: number;
}

const settings: Settings<QuestionSettings> = {
  quick: {
    size: 32,
    channels: [8, 16, 32, 64],
    dimension: 64,
    blocks: 1,
    maximumLength: 10,
    steps: 2000,
    batchSize: 128,
    limit: Number.POSITIVE_INFINITY,
  },
  smoke: {
    ...{ size: 16, channels: [4, 8], dimension: 8, blocks: 1, maximumLength: 10 },
    ...{ steps: 3, batchSize: 8, limit: 12 },
  },
};

const nlvrSettings: Settings<QuestionSettings> = {
  quick: {
    size: 48,
    channels: [16, 32, 64],
    dimension: 64,
    blocks: 1,
    maximumLength: 24,
    steps: 400,
    batchSize: 64,
    limit: Number.POSITIVE_INFINITY,
  },
  smoke: { ...settings.smoke, limit: 40 },
};

/** Test questions that the curve is measured on. */
const watched = 1000;

export const questionAnsweringEntry: Entry = {
  id: 'question-answering',
  paradigm: 'fusion, cross attention',
  title: 'Answer questions about pictures',
  question: 'Is a question about a picture of a coloured shape answered better than without the picture? (easy-VQA)',
  run: (context) => runQuestionAnswering(context, settings[context.preset], easyVqaSet),
};

export const nlvrEntry: Entry = {
  id: 'nlvr',
  paradigm: 'fusion, cross attention',
  title: 'Say whether a sentence is true of a picture',
  question: 'Does the model that answers questions also compare and count? (Cornell NLVR)',
  run: (context) => runQuestionAnswering(context, nlvrSettings[context.preset], nlvrSet),
};

/** Trains on the questions of a set and answers those of its test part. */
export async function runQuestionAnswering(
  context: EntryContext,
  own: QuestionSettings,
  source: QuestionSource,
): Promise<EntryOutcome> {
  const { seed, shuffle, dataFolder } = context;
  const { size, channels, dimension, blocks, maximumLength, steps, batchSize, limit } = own;
  const set = await source({ size, limit, dataFolder });
  const { train, test, answers, chance } = set;
  const tokenizer = wordTokenizer({ corpus: train.questions.map(({ question }) => question) });
  const image = convolutionalEncoder({ size, channels, dimension, seed });
  const question = bagEncoder({ tokenizer, dimension, maximumLength, seed });
  const model = questionAnswering({
    image,
    question,
    answers,
    strategy: crossAttention({ dimension, heads: 4, blocks, dropout: 0, readers: ['question'] }),
    hidden: [dimension],
    dropout: 0,
    seed,
  });
  // Control: in training every question is asked about another picture.
  const shown = shuffle
    ? new Random(seed).fork('control').shuffle(train.questions.map(({ picture }) => picture))
    : train.questions.map(({ picture }) => picture);
  const data = batchesOf<QuestionBatch>(
    train.questions.length,
    async (indices) => ({
      image: await image.prepare(indices.map((index) => train.pictures[shown[index]!]!)),
      question: await question.prepare(indices.map((index) => train.questions[index]!.question)),
      answers: model.answerIndices(indices.map((index) => train.questions[index]!.answer)),
    }),
    { batchSize, seed },
  );
  const answer = (questions: readonly PictureQuestion[]) => answersOf(model, test.pictures, questions);
  const few = new Random(seed).fork('watched').shuffle(test.questions).slice(0, watched);
  const untrained = accuracyOf(test.questions, await answer(test.questions));
  const history = await trainToEnd(
    model,
    adamW({
      learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: 2e-3, steps }) }),
      weightDecay: 1e-2,
    }),
    data,
    {
      steps,
      ...context.follow('question-answering', steps),
      validate: async () => ({ accuracy: accuracyOf(few, await answer(few)) }),
      validateEverySteps: Math.max(1, Math.round(steps / 12)),
    },
  );
  const given = await answer(test.questions);
  const blind = answersWithoutPictures(train.questions, test.questions);
  const right = accuracyOf(test.questions, given);
  // The same model, asked about other pictures: what it knows without looking.
  const exchanged = new Random(seed).fork('exchanged').shuffle(test.questions.map(({ picture }) => picture));
  const elsewhere = await answer(test.questions.map((own, i) => ({ ...own, picture: exchanged[i]! })));
  model.dispose();
  const kinds = set.kinds.map((kind) => {
    const rows = [...test.questions.keys()].filter((row) => set.kindOf(test.questions[row]!) === kind);
    const of = (list: readonly string[]) =>
      accuracyOf(
        rows.map((row) => test.questions[row]!),
        rows.map((row) => list[row]!),
      );
    return { kind, count: rows.length, right: rows.length > 0 ? of(given) : 0, blind: rows.length > 0 ? of(blind) : 0 };
  });
  return {
    rows: [
      {
        metric: 'right answers to test questions',
        better: 'higher',
        chance: chance.value,
        untrained,
        value: right,
        published: null,
      },
    ],
    summary:
      'The words of a question look at the regions of the picture (one Transformer layer with cross attention over a small ' +
      `convolutional network), and one of ${answers.length} answers is chosen. Chance: ${chance.name}. ` +
      'The test pictures and their questions were not in training.',
    facts: {
      'Training questions': train.questions.length,
      'Test questions': test.questions.length,
      'Test pictures': test.pictures.length,
      [`Chance, ${chance.name}`]: chance.value.toFixed(3),
      ...set.facts,
      'Right answers when the test pictures are exchanged': accuracyOf(test.questions, elsewhere).toFixed(3),
      ...Object.fromEntries(kinds.map(({ kind, count, right: own }) => [`${kind} (${count})`, own.toFixed(3)])),
      Steps: steps,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures: [
      {
        kind: 'curves',
        title: 'Right answers to test questions',
        xLabel: 'step',
        yLabel: 'share right',
        share: true,
        series: [
          { name: 'training batches', points: trainingCurve(history, 'accuracy') },
          { name: `${few.length} test questions`, points: validationCurve(history, 'accuracy') },
        ],
        references: [{ name: chance.name, y: chance.value }],
      },
      {
        kind: 'bars',
        title: 'By kind of answer',
        caption: 'Share of right answers with the picture and, below each, the best without it.',
        bars: kinds.flatMap(({ kind, right: seen, blind: unseen }) => [
          { name: kind, value: seen, emphasis: true },
          { name: `${kind}, without the picture`, value: unseen },
        ]),
        maximum: 1,
      },
      {
        kind: 'confusion',
        title: 'Which answer was given for which',
        caption: 'Test questions, by right answer and given answer.',
        classes: [...answers],
        counts: answers.map((actual) =>
          answers.map(
            (predicted) => test.questions.filter((q, i) => q.answer === actual && given[i] === predicted).length,
          ),
        ),
      },
    ],
  };
}

async function answersOf(
  model: QuestionAnswering,
  pictures: readonly BytePixels[],
  questions: readonly PictureQuestion[],
): Promise<string[]> {
  const answers = await model.answerItems(
    questions.map(({ picture }) => pictures[picture]!),
    questions.map(({ question }) => question),
    { batchSize: 256 },
  );
  return answers.map(([best]) => best!.answer);
}
