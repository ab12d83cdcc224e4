import type { Piece } from '../piece.js';

/** Splits each of several pieces further, and may change their text. */
export type PreTokenizer = (pieces: readonly Piece[]) => Piece[];

/** The one that splits each piece so; what has no text falls away. */
export function eachPiece(splitOne: (piece: Piece) => Piece[]): PreTokenizer {
  return (pieces) => (pieces.length === 1 ? splitOne(pieces[0]!) : pieces.flatMap(splitOne));
}
