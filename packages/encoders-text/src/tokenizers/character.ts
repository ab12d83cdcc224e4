import {
  type VocabularyTokenizer,
  type VocabularyTokenizerOptions,
  vocabularyTokenizer,
} from './vocabulary-tokenizer.js';

/** Space to tilde. */
const printableAscii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

/**
 * A tokeniser of characters (Unicode code points). Runs of white space count as one space.
 *
 * @param options.corpus texts whose characters make the vocabulary; or `options.vocabulary`; without either it is the 95
 *   printable ASCII characters
 * @returns numbers 0 to 3 are padding, unknown, begin and end
 * @throws CrossmodalError when both corpus and vocabulary are given, or the corpus is empty
 * @example
 * const tokenizer = characterTokenizer();
 * tokenizer.decode(tokenizer.encode('Cat 2')); // 'cat 2'
 */
export function characterTokenizer(options: VocabularyTokenizerOptions = {}): VocabularyTokenizer {
  const given = options.corpus === undefined && options.vocabulary === undefined ? { vocabulary: printableAscii } : {};
  return vocabularyTokenizer(
    'characterTokenizer',
    (text) => Array.from(text.replace(/\s+/gu, ' ')),
    (tokens) => tokens.join(''),
    { ...options, ...given },
  );
}
