import { easyVqa, nlvr, type PictureQuestion } from '@crossmodal/core/data/sets';
import { type BytePixels, decodeImage } from '@crossmodal/encoders-vision';
import { accuracyOf, answersWithoutPictures, kindOf } from './questions.js';

/** Pictures in memory and questions about them. */
export interface QuestionPart {
  pictures: BytePixels[];
  questions: PictureQuestion[];
}

/** A data set of questions about pictures, and what can be answered without looking. */
export interface QuestionSet {
  train: QuestionPart;
  test: QuestionPart;
  answers: readonly string[];
  /** What the model is compared with, and the share that it gets right. */
  chance: { name: string; value: number };
  /** Other answers that need no picture. */
  facts: Record<string, string>;
  kinds: readonly string[];
  kindOf: (question: PictureQuestion) => string;
}

/** Reads a set, with pictures of one size, at most so many of each part. */
export type QuestionSource = (options: {
  size: number;
  limit: number;
  dataFolder: string | undefined;
}) => Promise<QuestionSet>;

/** easy-VQA: the best answer to each question without its picture is chance. */
export const easyVqaSet: QuestionSource = async ({ size, limit, dataFolder }) => {
  const { train, test, answers } = await easyVqa({ data: dataFolder });
  const part = async ({ pictures, questions }: typeof train): Promise<QuestionPart> => ({
    pictures: await Promise.all(pictures.slice(0, limit).map((bytes) => decodeImage(bytes, { size }))),
    questions: questions.filter(({ picture }) => picture < limit),
  });
  const parts = { train: await part(train), test: await part(test) };
  const blind = answersWithoutPictures(parts.train.questions, parts.test.questions);
  return {
    ...parts,
    answers,
    chance: { name: 'without the picture', value: accuracyOf(parts.test.questions, blind) },
    facts: { 'Always "yes"': always('yes', parts.test).toFixed(3) },
    kinds: ['yes or no', 'shape', 'colour'],
    kindOf,
  };
};

/**
 * Cornell NLVR: whether a sentence is true of three boxes with objects. Trained on the hidden part and what there is of
 * the training part, tested on the development part; no group of pictures is in two of them. Chance is the more frequent answer.
 */
export const nlvrSet: QuestionSource = async ({ size, limit, dataFolder }) => {
  const part = async (name: string): Promise<QuestionPart> => {
    const rows = await (await nlvr({ part: name, data: dataFolder })).toArray();
    const chosen = rows.filter((_, row) => row % Math.ceil(rows.length / Math.min(limit, rows.length)) === 0);
    return {
      // Pictures are four times as wide as high: all three boxes stay in sight.
      pictures: await Promise.all(chosen.map(({ image }) => decodeImage(image!, { size, fit: 'stretch' }))),
      questions: chosen.map(({ text, label }, picture) => ({ question: text!, answer: label!, picture })),
    };
  };
  const parts = { train: await part('train'), test: await part('dev') };
  const blind = answersWithoutPictures(parts.train.questions, parts.test.questions);
  const shares = ['true', 'false'].map((answer) => always(answer, parts.test));
  return {
    ...parts,
    answers: ['true', 'false'],
    chance: { name: 'the more frequent answer', value: Math.max(...shares) },
    facts: { 'Best answer to each sentence without its picture': accuracyOf(parts.test.questions, blind).toFixed(3) },
    kinds: ['true', 'false'],
    kindOf: ({ answer }) => answer,
  };
};

function always(answer: string, { questions }: QuestionPart): number {
  return accuracyOf(
    questions,
    questions.map(() => answer),
  );
}
