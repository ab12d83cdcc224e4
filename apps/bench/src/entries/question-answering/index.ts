import { Random } from '@crossmodal/core';
import { type EasyVqa, type EasyVqaPart, easyVqa, type PictureQuestion } from '@crossmodal/core/data/sets';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { type BytePixels, convolutionalEncoder, decodeImage } from '@crossmodal/encoders-vision';
import { crossAttention, type QuestionAnswering, type QuestionBatch, questionAnswering } from '@crossmodal/fusion';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve, validationCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { accuracyOf, answersWithoutPictures, kindOf } from './questions.js';

export interface QuestionSettings {
  size: number;
  channels: number[];
  dimension: number;
  blocks: number;
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
    steps: 2000,
    batchSize: 128,
    limit: Number.POSITIVE_INFINITY,
  },
  smoke: { size: 16, channels: [4, 8], dimension: 8, blocks: 1, steps: 3, batchSize: 8, limit: 12 },
};

/** Test questions that the curve is measured on. */
const watched = 1000;

export const questionAnsweringEntry: Entry = {
  id: 'question-answering',
  paradigm: 'fusion, cross attention',
  title: 'Answer questions about pictures',
  question: 'Is a question about a picture of a coloured shape answered better than without the picture? (easy-VQA)',
  run: (context) => runQuestionAnswering(context),
};

/** Trains on easy-VQA and answers the questions of its test part. */
export async function runQuestionAnswering(
  context: EntryContext,
  own: QuestionSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, shuffle, dataFolder } = context;
  const { size, channels, dimension, blocks, steps, batchSize, limit } = own;
  const { train, test, answers } = limited(await easyVqa({ data: dataFolder }), limit);
  const pictures = { train: await decoded(train, size), test: await decoded(test, size) };
  const tokenizer = wordTokenizer({ corpus: train.questions.map(({ question }) => question) });
  const image = convolutionalEncoder({ size, channels, dimension, seed });
  const question = bagEncoder({ tokenizer, dimension, maximumLength: 10, seed });
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
      image: await image.prepare(indices.map((index) => pictures.train[shown[index]!]!)),
      question: await question.prepare(indices.map((index) => train.questions[index]!.question)),
      answers: model.answerIndices(indices.map((index) => train.questions[index]!.answer)),
    }),
    { batchSize, seed },
  );
  const answer = (questions: readonly PictureQuestion[]) => answersOf(model, pictures.test, questions);
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
  const withoutPictures = accuracyOf(test.questions, blind);
  const alwaysYes = accuracyOf(
    test.questions,
    test.questions.map(() => 'yes'),
  );
  model.dispose();
  const kinds = (['yes or no', 'shape', 'colour'] as const).map((kind) => {
    const rows = [...test.questions.keys()].filter((row) => kindOf(test.questions[row]!) === kind);
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
        chance: withoutPictures,
        untrained,
        value: right,
        published: null,
      },
    ],
    summary:
      'The words of a question look at the regions of the picture (one Transformer layer with cross attention over a small ' +
      'convolutional network), and one of 13 answers is chosen. Chance is the best answer to each question without its picture; ' +
      `always "yes" gives ${alwaysYes.toFixed(3)}. The test pictures and their questions were not in training.`,
    facts: {
      'Training questions': train.questions.length,
      'Test questions': test.questions.length,
      'Test pictures': test.pictures.length,
      'Always "yes"': alwaysYes.toFixed(3),
      'Without the picture': withoutPictures.toFixed(3),
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
        references: [{ name: 'without the picture', y: withoutPictures }],
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
        classes: answers,
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

function decoded({ pictures }: EasyVqaPart, size: number): Promise<BytePixels[]> {
  return Promise.all(pictures.map((bytes) => decodeImage(bytes, { size })));
}

function limited({ train, test, answers }: EasyVqa, limit: number): EasyVqa {
  const part = ({ pictures, questions }: EasyVqaPart): EasyVqaPart => ({
    pictures: pictures.slice(0, limit),
    questions: questions.filter(({ picture }) => picture < limit),
  });
  return { train: part(train), test: part(test), answers };
}
