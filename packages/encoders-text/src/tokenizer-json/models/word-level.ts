import type { Fields } from '../fields.js';
import type { Model } from './model.js';
import { Vocabulary } from './vocabulary.js';

/** Words are tokens; others are the unknown token. */
export function wordLevelModel(fields: Fields): Model {
  const vocabulary = Vocabulary.read(fields);
  const unknownToken = fields.string('unk_token');
  return {
    size: vocabulary.size,
    entries: () => vocabulary.entries(),
    tokenToId: (token) => vocabulary.tokenToId(token),
    idToToken: (id) => vocabulary.idToToken(id),
    tokenize(word) {
      const id = vocabulary.ids.get(word);
      if (id !== undefined) return { ids: [id], texts: [word] };
      const unknown = vocabulary.ids.get(unknownToken);
      if (unknown === undefined) {
        throw fields.error(`: the word ${word} is unknown, and unk_token ${unknownToken} is not in the vocabulary`);
      }
      return { ids: [unknown], texts: [unknownToken] };
    },
  };
}
