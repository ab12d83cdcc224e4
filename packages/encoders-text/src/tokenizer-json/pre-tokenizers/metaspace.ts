import type { Fields } from '../fields.js';
import { type Piece, split } from '../piece.js';
import { literalPattern } from '../regex/pattern.js';
import { eachPiece, type PreTokenizer } from './pre-tokenizer.js';

/** What Metaspace reads, as pre-tokeniser and as decoder. */
export interface Metaspace {
  replacement: string;
  prependScheme: 'always' | 'first' | 'never';
  split: boolean;
}

export function readMetaspace(fields: Fields): Metaspace {
  let prependScheme = fields.oneOf('prepend_scheme', ['always', 'first', 'never'] as const, 'always');
  // The older way to say it.
  if (fields.has('add_prefix_space') && !fields.boolean('add_prefix_space')) {
    if (fields.raw('prepend_scheme') !== undefined && prependScheme !== 'never') {
      throw fields.error('.add_prefix_space is false, but prepend_scheme is not "never"');
    }
    prependScheme = 'never';
  }
  return {
    replacement: fields.character('replacement'),
    prependScheme,
    split: fields.has('split') ? fields.boolean('split') : true,
  };
}

/** SentencePiece's: blanks become a visible character, which begins words. */
export function metaspacePreTokenizer(fields: Fields): PreTokenizer {
  const { replacement, prependScheme, split: splits } = readMetaspace(fields);
  const find = literalPattern(replacement);
  const changed = (text: string) => text.replaceAll(' ', () => replacement);
  return eachPiece((piece) => {
    let whole: Piece = {
      text: changed(piece.text),
      opening: piece.opening === 0 ? 0 : changed(piece.text.slice(0, piece.opening)).length,
    };
    const wanted = prependScheme === 'always' || (prependScheme === 'first' && piece.opening > 0);
    if (wanted && !whole.text.startsWith(replacement)) {
      whole = {
        text: replacement + whole.text,
        opening: whole.opening === 0 ? 0 : whole.opening + replacement.length,
      };
    }
    return splits ? split(whole, { matches: find(whole.text) }, 'MergedWithNext') : [whole];
  });
}
