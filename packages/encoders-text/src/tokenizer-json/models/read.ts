import type { Fields } from '../fields.js';
import { bpeModel } from './bpe.js';
import type { Model } from './model.js';
import { unigramModel } from './unigram.js';
import { wordLevelModel } from './word-level.js';
import { wordPieceModel } from './word-piece.js';

const kinds: Record<string, (fields: Fields) => Model> = {
  BPE: bpeModel,
  Unigram: unigramModel,
  WordLevel: wordLevelModel,
  WordPiece: wordPieceModel,
};

/** Fields that only one kind has, by which older files without a type are told. */
const marks: readonly (readonly [kind: string, fields: readonly string[]])[] = [
  ['BPE', ['merges']],
  ['WordPiece', ['max_input_chars_per_word', 'continuing_subword_prefix', 'unk_token']],
  ['WordLevel', ['unk_token']],
];

/** The model of a tokenizer.json. @throws CrossmodalError naming an unknown type or a wrong field */
export function readModel(fields: Fields): Model {
  if (fields.raw('type') !== undefined) return fields.choose(kinds);
  const mark = marks.find(([, names]) => names.every((name) => fields.raw(name) !== undefined));
  return kinds[mark?.[0] ?? 'Unigram']!(fields);
}
