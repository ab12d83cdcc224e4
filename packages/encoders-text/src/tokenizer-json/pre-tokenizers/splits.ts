import type { Fields } from '../fields.js';
import { behaviors, charactersThat, split } from '../piece.js';
import { literalPattern, patternOf } from '../regex/pattern.js';
import { isNumeric, isPunctuation, isWhitespace, wordClass } from '../unicode/properties.js';
import { eachPiece, type PreTokenizer } from './pre-tokenizer.js';

/** Splits at a text or regular expression. */
export function splitPreTokenizer(fields: Fields): PreTokenizer {
  const find = patternOf(fields);
  const behavior = fields.oneOf('behavior', behaviors);
  const invert = fields.boolean('invert');
  return eachPiece((piece) => split(piece, { matches: find(piece.text), invert }, behavior));
}

export function punctuationPreTokenizer(fields: Fields): PreTokenizer {
  const behavior = fields.oneOf('behavior', behaviors, 'Isolated');
  return eachPiece((piece) => split(piece, { matches: charactersThat(piece.text, isPunctuation) }, behavior));
}

export function digitsPreTokenizer(fields: Fields): PreTokenizer {
  const behavior = fields.boolean('individual_digits') ? 'Isolated' : 'Contiguous';
  return eachPiece((piece) => split(piece, { matches: charactersThat(piece.text, isNumeric) }, behavior));
}

export function charDelimiterPreTokenizer(fields: Fields): PreTokenizer {
  const find = literalPattern(fields.character('delimiter'));
  return eachPiece((piece) => split(piece, { matches: find(piece.text) }, 'Removed'));
}

export const whitespaceSplitPreTokenizer: PreTokenizer = eachPiece((piece) =>
  split(piece, { matches: charactersThat(piece.text, isWhitespace) }, 'Removed'),
);

const wordsAndSigns = new RegExp(`${wordClass}+|[^${wordClass}\\p{White_Space}]+`, 'gv');

/** Words, and runs of signs. */
export const whitespacePreTokenizer: PreTokenizer = eachPiece((piece) => {
  const matches: number[] = [];
  for (const match of piece.text.matchAll(wordsAndSigns)) matches.push(match.index, match.index + match[0].length);
  return split(piece, { matches, invert: true }, 'Removed');
});
