import type { Fields } from '../fields.js';
import { replaced } from '../normalizers/replace.js';
import { readMetaspace } from '../pre-tokenizers/metaspace.js';
import { patternOf } from '../regex/pattern.js';
import { charactersAsBytes, textOfUtf8, utf8 } from '../unicode/bytes.js';
import type { Decoder } from './decoder.js';
import { tidied } from './word-piece.js';

/** The end-of-word suffix becomes a blank, at the end nothing. */
export function bpeDecoder(fields: Fields): Decoder {
  const suffix = fields.string('suffix');
  return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, () => (i === tokens.length - 1 ? '' : ' ')));
}

/** Characters that stand for bytes become the text of the bytes; a token with another character is text already. */
export const byteLevelDecoder: Decoder = (tokens) => [
  textOfUtf8(Uint8Array.from(tokens.flatMap((token) => charactersAsBytes(token) ?? [...utf8(token)]))),
];

/** Repeated tokens count once, padding goes, the delimiter is a blank. */
export function ctcDecoder(fields: Fields): Decoder {
  const padding = fields.string('pad_token');
  const delimiter = fields.string('word_delimiter_token');
  const cleanup = fields.boolean('cleanup');
  return (tokens) =>
    tokens
      .filter((token, i) => i === 0 || token !== tokens[i - 1])
      .map((token) => {
        const text = token.replaceAll(padding, '');
        return cleanup ? tidied(text).replaceAll(delimiter, ' ') : text;
      })
      .filter((text) => text !== '');
}

/** All tokens become one. */
export const fuseDecoder: Decoder = (tokens) => [tokens.join('')];

/** The visible character becomes a blank; those of the first token go, unless no prefix was put there. */
export function metaspaceDecoder(fields: Fields): Decoder {
  const { replacement, prependScheme } = readMetaspace(fields);
  return (tokens) =>
    tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prependScheme !== 'never' ? '' : ' '));
}

export function replaceDecoder(fields: Fields): Decoder {
  const find = patternOf(fields);
  const content = fields.string('content');
  return (tokens) => tokens.map((token) => (token === '' ? '' : replaced(token, find(token), content)));
}

/** Up to so many of a character go from both ends of each token. */
export function stripDecoder(fields: Fields): Decoder {
  const content = fields.character('content');
  const start = fields.integer('start');
  const stop = fields.integer('stop');
  return (tokens) =>
    tokens.map((token) => {
      const characters = [...token];
      let first = 0;
      while (first < Math.min(start, characters.length) && characters[first] === content) first++;
      let last = characters.length;
      while (last > first && characters.length - last < stop && characters[last - 1] === content) last--;
      return characters.slice(first, last).join('');
    });
}
