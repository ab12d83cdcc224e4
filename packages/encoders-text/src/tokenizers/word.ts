import {
  type VocabularyTokenizer,
  type VocabularyTokenizerOptions,
  vocabularyTokenizer,
} from './vocabulary-tokenizer.js';

/** Runs of letters, marks and digits (with apostrophes inside), or single other characters. */
const words = /[\p{L}\p{M}\p{N}]+(?:['\u2019][\p{L}\p{M}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

/**
 * A tokeniser of words and punctuation marks. Words that are not in the vocabulary become the unknown token.
 *
 * @param options.corpus texts whose words make the vocabulary, most frequent first; or `options.vocabulary`
 * @returns numbers 0 to 3 are padding, unknown, begin and end
 * @throws CrossmodalError when neither or both of corpus and vocabulary are given, or the corpus has no words
 * @example
 * const tokenizer = wordTokenizer({ corpus: captions, minimumCount: 2 });
 * tokenizer.encode('A cat, asleep'); // one number for each of: a  cat  ,  asleep
 */
export function wordTokenizer(options: VocabularyTokenizerOptions): VocabularyTokenizer {
  return vocabularyTokenizer(
    'wordTokenizer',
    (text) => text.match(words) ?? [],
    (tokens) => tokens.join(' '),
    options,
  );
}
