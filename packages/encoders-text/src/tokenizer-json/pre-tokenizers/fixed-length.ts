import type { Fields } from '../fields.js';
import { cut, type Piece } from '../piece.js';
import { unitsAt } from '../unicode/code-points.js';
import { eachPiece, type PreTokenizer } from './pre-tokenizer.js';

/** Pieces of so many characters; the last may be shorter. */
export function fixedLengthPreTokenizer(fields: Fields): PreTokenizer {
  const length = fields.integer('length', 5); // the Rust library's
  if (length === 0) throw fields.error('.length must be at least 1, got 0');
  return eachPiece((piece) => {
    const pieces: Piece[] = [];
    let start = 0;
    let count = 0;
    for (let i = 0; i < piece.text.length; ) {
      i += unitsAt(piece.text, i);
      if (++count === length || i === piece.text.length) {
        pieces.push(cut(piece, start, i));
        start = i;
        count = 0;
      }
    }
    return pieces;
  });
}
