import { CrossmodalError } from '@crossmodal/core';

/** The tokens that stand for no text: padding, unknown, begin and end. Their numbers are 0 to 3. */
export const specialTokens = ['[PAD]', '[UNK]', '[BEGIN]', '[END]'] as const;
export const paddingId = 0;
export const unknownId = 1;
export const beginId = 2;
export const endId = 3;

export interface VocabularyOptions {
  /** Texts whose tokens make the vocabulary. */
  corpus?: Iterable<string>;
  /** The vocabulary itself, without special tokens, as an earlier tokeniser's `vocabulary` gave it. */
  vocabulary?: readonly string[];
  /** Rarer tokens are left out. */
  minimumCount?: number;
  /** The most frequent ones are kept, special tokens counted. */
  maximumSize?: number;
}

/**
 * The tokens of a corpus, most frequent first, equally frequent ones in the order of their code units, so that the same
 * corpus gives the same numbers.
 */
export function vocabularyOf(
  where: string,
  split: (text: string) => string[],
  { corpus, vocabulary, minimumCount = 1, maximumSize = Number.POSITIVE_INFINITY }: VocabularyOptions,
): readonly string[] {
  if ((corpus === undefined) === (vocabulary === undefined)) {
    throw new CrossmodalError(`${where}: give either a corpus or a vocabulary`);
  }
  if (!(minimumCount >= 1)) throw new CrossmodalError(`${where}: minimumCount must be at least 1, got ${minimumCount}`);
  if (!(maximumSize > specialTokens.length)) {
    throw new CrossmodalError(
      `${where}: maximumSize must exceed the ${specialTokens.length} special tokens, got ${maximumSize}`,
    );
  }
  if (vocabulary) {
    const repeated = vocabulary.find((token, i) => vocabulary.indexOf(token) !== i);
    if (repeated !== undefined)
      throw new CrossmodalError(`${where}: vocabulary holds ${JSON.stringify(repeated)} twice`);
    return [...vocabulary];
  }
  const counts = new Map<string, number>();
  for (const text of corpus!) for (const token of split(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
  const kept = [...counts].filter(([, count]) => count >= minimumCount);
  kept.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const tokens = kept.slice(0, maximumSize - specialTokens.length).map(([token]) => token);
  if (tokens.length === 0) {
    throw new CrossmodalError(`${where}: the corpus gives no token`, {
      remedy: 'check the texts, or lower minimumCount',
    });
  }
  return tokens;
}
