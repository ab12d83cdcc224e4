import { join } from 'node:path';
import { assertKnownOptions } from '../../known-options.js';
import { type DataFolderOptions, dataFolder } from '../data-folder.js';
import { fileError } from '../files/file-error.js';
import { readTar } from '../files/read-tar.js';
import { readWholeText } from '../files/read-text.js';

/** A question about one picture. */
export interface PictureQuestion {
  readonly question: string;
  readonly answer: string;
  /** Place of the picture in `pictures`. */
  readonly picture: number;
}

export interface EasyVqaPart {
  /** PNG files of 64 x 64 pixels, as bytes. */
  pictures: Uint8Array[];
  questions: PictureQuestion[];
}

export interface EasyVqa {
  train: EasyVqaPart;
  test: EasyVqaPart;
  /** The 13 words that answers are made of. */
  answers: string[];
}

/**
 * easy-VQA: 4,000 + 1,000 pictures of one coloured shape with 38,575 + 9,673 questions, from `easy_vqa/` of the data
 * folder: `pictures.tar` (`train/images/0.png`, ...), `train_questions.json`, `test_questions.json`, `answers.txt`.
 *
 * @throws CrossmodalError when the folder is not named or does not exist, or files do not fit together.
 * @see github.com/vzhou842/easy-VQA (MIT)
 * @example const { train, test, answers } = await easyVqa();
 */
export async function easyVqa(options: DataFolderOptions = {}): Promise<EasyVqa> {
  assertKnownOptions('easyVqa', options, ['data', 'environment']);
  const folder = dataFolder('easy_vqa', options);
  const read = (name: string) => readWholeText('easyVqa', join(folder, name));
  const answers = (await read('answers.txt')).split('\n').filter((line) => line !== '');
  const tar = join(folder, 'pictures.tar');
  const pictures: Record<string, Uint8Array[]> = { train: [], test: [] };
  for await (const { name, data } of readTar('easyVqa', tar, { maximumMember: 2 ** 20, maximumMembers: 100_000 })) {
    const named = /^(train|test)\/images\/(\d{1,6})\.png$/.exec(name);
    if (named) pictures[named[1]!]![Number(named[2])] = data;
  }
  const part = async (name: 'train' | 'test'): Promise<EasyVqaPart> => {
    const path = join(folder, `${name}_questions.json`);
    const own = pictures[name]!;
    const rows = parse(path, await read(`${name}_questions.json`));
    const questions = rows.map(([question, answer, picture], i): PictureQuestion => {
      if (!own[picture]) throw fileError('easyVqa', path, `row ${i}: there is no picture ${picture} in ${tar}`);
      if (!answers.includes(answer)) throw fileError('easyVqa', path, `row ${i}: '${answer}' is not in answers.txt`);
      return { question, answer, picture };
    });
    return { pictures: own, questions };
  };
  return { train: await part('train'), test: await part('test'), answers };
}

function parse(path: string, text: string): [question: string, answer: string, picture: number][] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (cause) {
    throw fileError('easyVqa', path, 'is no JSON', 'get the file again', cause);
  }
  const fits = (row: unknown) =>
    Array.isArray(row) && typeof row[0] === 'string' && typeof row[1] === 'string' && Number.isSafeInteger(row[2]);
  if (!Array.isArray(rows) || !rows.every(fits)) {
    throw fileError('easyVqa', path, 'must be a list of [question, answer, picture]');
  }
  return rows as [string, string, number][];
}
