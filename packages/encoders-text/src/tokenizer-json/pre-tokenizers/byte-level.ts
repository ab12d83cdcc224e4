import type { Fields } from '../fields.js';
import { type Piece, split } from '../piece.js';
import { type Pattern, regexPattern } from '../regex/pattern.js';
import { bytesAsCharacters } from '../unicode/bytes.js';
import { eachPiece, type PreTokenizer } from './pre-tokenizer.js';

let words: Pattern | undefined;
/** GPT-2's words: contractions, letters, digits, or other signs with a blank before them, and white space. */
const wordPattern = (): Pattern => {
  words ??= regexPattern("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
  return words;
};

const encoded = ({ text, opening }: Piece): Piece => ({
  text: bytesAsCharacters(text),
  opening: opening === 0 ? 0 : bytesAsCharacters(text.slice(0, opening)).length,
});

/** GPT-2's: words, then each byte as a character. */
export function byteLevelPreTokenizer(fields: Fields): PreTokenizer {
  const addPrefixSpace = fields.boolean('add_prefix_space');
  fields.boolean('trim_offsets'); // offsets are not given
  const find = fields.boolean('use_regex', true) ? wordPattern() : undefined;
  return eachPiece((piece) => {
    const prefix = addPrefixSpace && !piece.text.startsWith(' ');
    const whole = prefix ? { text: ` ${piece.text}`, opening: piece.opening === 0 ? 0 : piece.opening + 1 } : piece;
    if (!find) return [encoded(whole)];
    return split(whole, { matches: find(whole.text) }, 'Isolated').map(encoded);
  });
}
