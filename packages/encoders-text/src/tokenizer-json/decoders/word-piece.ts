import type { Fields } from '../fields.js';
import type { Decoder } from './decoder.js';

/** Takes away the blanks before punctuation and contractions, as BERT's and CTC's decoders do. */
export function tidied(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
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
