import type { Fields } from '../fields.js';
import { type Model, TokenCache, type Tokens } from './model.js';
import { Vocabulary } from './vocabulary.js';

/**
 * The longest token that the word begins with, then the longest continuation, and so on; words that cannot be made up so
 * are the unknown token.
 */
export function wordPieceModel(fields: Fields): Model {
  const vocabulary = Vocabulary.read(fields);
  const { ids } = vocabulary;
  const unknownToken = fields.string('unk_token');
  const prefix = fields.string('continuing_subword_prefix');
  const mostCharacters = fields.integer('max_input_chars_per_word');
  let longest = 0;
  for (const token of ids.keys()) longest = Math.max(longest, token.length);
  const cache = new TokenCache();

  const unknown = (word: string): Tokens => {
    const id = ids.get(unknownToken);
    if (id === undefined) {
      throw fields.error(`: the word ${word} is unknown, and unk_token ${unknownToken} is not in the vocabulary`);
    }
    return { ids: [id], texts: [unknownToken] };
  };
  const tokenize = (word: string): Tokens => {
    if (word.length > mostCharacters && [...word].length > mostCharacters) return unknown(word);
    const result = { ids: [] as number[], texts: [] as string[] };
    for (let start = 0; start < word.length; ) {
      const before = start > 0 ? prefix : '';
      // No token is longer than the longest, so nothing beyond it is looked up.
      let end = Math.min(word.length, start + longest - before.length);
      let id: number | undefined;
      for (; end > start; end--) {
        const text = before + word.slice(start, end);
        id = ids.get(text);
        if (id !== undefined) {
          result.ids.push(id);
          result.texts.push(text);
          break;
        }
      }
      if (id === undefined) return unknown(word);
      start = end;
    }
    return result;
  };
  return {
    size: vocabulary.size,
    entries: () => vocabulary.entries(),
    tokenToId: (token) => vocabulary.tokenToId(token),
    idToToken: (id) => vocabulary.idToToken(id),
    tokenize: (word) => cache.get(word, tokenize),
  };
}
