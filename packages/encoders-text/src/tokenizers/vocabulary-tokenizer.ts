import { assertKnownOptions } from '@crossmodal/core';
import type { Tokenizer } from './tokenizer.js';
import {
  beginId,
  endId,
  paddingId,
  specialTokens,
  unknownId,
  type VocabularyOptions,
  vocabularyOf,
} from './vocabulary.js';

/** A tokeniser with a vocabulary of its own. */
export interface VocabularyTokenizer extends Tokenizer {
  /** The tokens without the special ones: give it to the same function again, and the tokeniser is the same. */
  readonly vocabulary: readonly string[];
  readonly unknownId: number;
  readonly beginId: number;
  readonly endId: number;
}

export interface VocabularyTokenizerOptions extends VocabularyOptions {
  lowercase?: boolean;
  /** Puts a begin token before and an end token behind each text. */
  markers?: boolean;
}

/** The tokeniser made of a way to split a text and one to join tokens. Text is brought to Unicode form NFC first. */
export function vocabularyTokenizer(
  where: string,
  split: (text: string) => string[],
  join: (tokens: string[]) => string,
  {
    lowercase = true, // names and captions are about things, not about their spelling
    markers = false,
    ...options
  }: VocabularyTokenizerOptions,
): VocabularyTokenizer {
  const splitClean = (text: string) => {
    const normal = text.normalize('NFC');
    return split(lowercase ? normal.toLowerCase() : normal);
  };
  const vocabulary = vocabularyOf(where, splitClean, options);
  const numbers = new Map(vocabulary.map((token, i) => [token, i + specialTokens.length]));
  return {
    vocabulary,
    vocabularySize: vocabulary.length + specialTokens.length,
    paddingId,
    unknownId,
    beginId,
    endId,
    toJSON: () => ({ tokenizer: where, vocabulary, lowercase, markers }),
    encode(text, { maximumLength = Number.POSITIVE_INFINITY, ...others } = {}) {
      assertKnownOptions('tokenizer.encode', others, ['maximumLength']);
      const ids = splitClean(text).map((token) => numbers.get(token) ?? unknownId);
      if (!markers) return ids.slice(0, maximumLength);
      return [beginId, ...ids.slice(0, Math.max(0, maximumLength - 2)), endId].slice(0, maximumLength);
    },
    decode(ids) {
      const tokens: string[] = [];
      for (const id of Array.from(ids)) {
        if (id === unknownId) tokens.push(specialTokens[unknownId]);
        const token = vocabulary[id - specialTokens.length];
        if (token !== undefined) tokens.push(token);
      }
      return join(tokens);
    },
  };
}
