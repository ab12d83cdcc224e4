import type { Fields } from '../fields.js';
import type { Decoder } from './decoder.js';

/** Blanks before punctuation and contractions, in the order in which they are taken away. */
const untidy: readonly (readonly [from: string, to: string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** What transformers does where a tokeniser asks for `clean_up_tokenization_spaces`. */
export function tidySpacing(text: string): string {
  return untidy.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

/** What the decoders WordPiece and CTC do: the same, and a contraction of "do not". */
export function tidied(text: string): string {
  return untidy.reduce((result, [from, to]) => {
    const next = result.replaceAll(from, to);
    return from === " 'm" ? next.replaceAll(' do not', " don't") : next;
  }, text);
}

/** Continuations lose their prefix, other tokens but the first get a blank. */
export function wordPieceDecoder(fields: Fields): Decoder {
  const prefix = fields.string('prefix');
  const cleanup = fields.boolean('cleanup');
  return (tokens) =>
    tokens.map((token, i) => {
      const joined = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? tidied(joined) : joined;
    });
}
