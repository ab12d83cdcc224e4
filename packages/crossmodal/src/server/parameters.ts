import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { longestWords, type Query, type SearchRequest } from '../collection/search-service.js';
import { type Modality, modalities } from '../model/load-model.js';
import { mostAnswers } from './limits.js';

const longestName = 200;

/**
 * The parameters of a search, checked: they come from outside.
 *
 * @throws CrossmodalError that says which one is wrong
 */
export function searchParameters(parameters: Readonly<Record<string, string>>): SearchRequest {
  assertKnownOptions('search', parameters, ['words', 'like', 'k', 'kind', 'label', 'split'], { noun: 'parameter' });
  const { k = '20', kind, label, split } = parameters;
  const count = Number(k);
  if (!/^\d{1,6}$/.test(k) || count < 1 || count > mostAnswers) {
    throw new CrossmodalError(`search: k must be a whole number from 1 to ${mostAnswers}`);
  }
  if (kind !== undefined && kind !== '' && !modalities.includes(kind as Modality)) {
    throw new CrossmodalError(`search: kind must be one of ${modalities.join(', ')}`);
  }
  for (const [name, value] of Object.entries({ label, split })) {
    if (value !== undefined && value.length > longestName) {
      throw new CrossmodalError(`search: ${name} may have at most ${longestName} characters`);
    }
  }
  return {
    k: count,
    kind: (kind || undefined) as Modality | undefined,
    label: label || undefined,
    split: split || undefined,
  };
}

/** The query of a GET: words, or an item. @throws CrossmodalError unless it is one of them */
export function queryOf({ words, like }: Readonly<Record<string, string>>): Query {
  if ((words === undefined) === (like === undefined)) throw new CrossmodalError('search: give either words or like');
  if (words !== undefined && words.length > longestWords) {
    throw new CrossmodalError(`search: words may have at most ${longestWords} characters`);
  }
  if (words !== undefined) return { words };
  return { like: (like as string).slice(0, longestName) };
}
