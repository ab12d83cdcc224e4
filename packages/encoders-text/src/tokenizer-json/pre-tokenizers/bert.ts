import { cut, type Piece } from '../piece.js';
import { isPunctuation, isWhitespace } from '../unicode/properties.js';
import { eachPiece, type PreTokenizer } from './pre-tokenizer.js';

/** White space is removed, punctuation marks stand alone. */
export const bertPreTokenizer: PreTokenizer = eachPiece((piece) => {
  const { text } = piece;
  const pieces: Piece[] = [];
  let start = 0;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    const next = i + (codePoint > 0xffff ? 2 : 1);
    const blank = isWhitespace(codePoint);
    if (blank || isPunctuation(codePoint)) {
      if (i > start) pieces.push(cut(piece, start, i));
      if (!blank) pieces.push(cut(piece, i, next));
      start = next;
    }
    i = next;
  }
  if (text.length > start) pieces.push(cut(piece, start, text.length));
  return pieces;
});
