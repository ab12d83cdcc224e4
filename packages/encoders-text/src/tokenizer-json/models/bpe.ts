import { type Fields, shown } from '../fields.js';
import { utf8 } from '../unicode/bytes.js';
import { Merges } from './merges.js';
import { type Model, TokenCache, type Tokens } from './model.js';
import { Vocabulary } from './vocabulary.js';

/** Whether the field is there and true; null counts as absent. */
const isSet = (fields: Fields, name: string) => fields.has(name) && fields.boolean(name);

/**
 * Byte pair encoding: a word's characters, of which neighbours are merged in the order of a list.
 * @see https://arxiv.org/abs/1508.07909
 */
export function bpeModel(fields: Fields): Model {
  const vocabulary = Vocabulary.read(fields);
  const { ids } = vocabulary;
  const unknownToken = fields.optionalString('unk_token');
  const prefix = fields.optionalString('continuing_subword_prefix') ?? '';
  const suffix = fields.optionalString('end_of_word_suffix') ?? '';
  const fuseUnknown = isSet(fields, 'fuse_unk');
  const byteFallback = isSet(fields, 'byte_fallback');
  const ignoreMerges = isSet(fields, 'ignore_merges');
  const dropout = fields.raw('dropout') ?? 0;
  if (dropout !== 0) {
    throw fields.error(`.dropout must be null or 0, got ${shown(dropout)}`, {
      remedy: 'dropout makes every encoding another one; it belongs to training, set it to null',
    });
  }
  const merges = new Merges(fields, vocabulary, utf8(prefix).length);
  const cache = new TokenCache();

  const unknownId = () => {
    const id = ids.get(unknownToken!);
    if (id === undefined) throw fields.error(`: unk_token ${shown(unknownToken)} is not in the vocabulary`);
    return id;
  };
  /** The byte tokens of a text, or undefined when one is missing. */
  const bytesOf = (text: string): number[] | undefined => {
    const result: number[] = [];
    for (const byte of utf8(text)) {
      const id = ids.get(byteToken(byte));
      if (id === undefined) return undefined;
      result.push(id);
    }
    return result;
  };
  const charactersOf = (word: string): number[] => {
    const symbols: number[] = [];
    let unknown: number | undefined;
    const characters = [...word];
    for (const [i, character] of characters.entries()) {
      const text = `${i > 0 ? prefix : ''}${character}${i === characters.length - 1 ? suffix : ''}`;
      const id = ids.get(text);
      if (id !== undefined) {
        if (unknown !== undefined) symbols.push(unknown);
        unknown = undefined;
        symbols.push(id);
        continue;
      }
      const bytes = byteFallback ? bytesOf(text) : undefined;
      if (bytes) {
        // An unknown character that waits comes behind these, as in the Rust library.
        symbols.push(...bytes);
      } else if (unknownToken !== undefined) {
        if (unknown !== undefined && !fuseUnknown) symbols.push(unknown);
        unknown = unknownId();
      }
    }
    if (unknown !== undefined) symbols.push(unknown);
    return symbols;
  };
  const tokenize = (word: string): Tokens => {
    const merged = merges.apply(charactersOf(word));
    return { ids: merged, texts: merged.map((id) => vocabulary.idToToken(id)!) };
  };
  return {
    size: vocabulary.size,
    entries: () => vocabulary.entries(),
    tokenToId: (token) => vocabulary.tokenToId(token),
    idToToken: (id) => vocabulary.idToToken(id),
    tokenize(word) {
      const whole = ignoreMerges ? ids.get(word) : undefined;
      return whole === undefined ? cache.get(word, tokenize) : { ids: [whole], texts: [word] };
    },
  };
}

/** How a vocabulary writes a byte. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
