import { cut } from '../piece.js';
import { unitsAt } from '../unicode/code-points.js';
import { scriptOf } from '../unicode/scripts.js';
import { eachPiece, type PreTokenizer } from './pre-tokenizer.js';

/** Splits where the script changes. Characters of no script belong to those before them; at the front they fall away. */
export const unicodeScriptsPreTokenizer: PreTokenizer = eachPiece((piece) => {
  const { text } = piece;
  const starts: number[] = [];
  let last = 0;
  for (let i = 0; i < text.length; i += unitsAt(text, i)) {
    const script = scriptOf(text.codePointAt(i)!);
    if (script === 0) continue;
    if (script !== last) starts.push(i);
    last = script;
  }
  return starts.map((start, i) => cut(piece, start, starts[i + 1] ?? text.length));
});
