import { wordsOf } from './corpus.js';

/**
 * The tokens of mteval-v13a, which sacrebleu uses unless told otherwise: punctuation and symbols stand alone, periods and commas
 * stay inside of numbers, a dash behind a digit stands alone.
 *
 * @see Post (2018), "A call for clarity in reporting BLEU scores"; NIST's mteval-v13a.pl
 */
export function tokenize13a(text: string): string[] {
  const plain = text
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  return wordsOf(
    ` ${plain} `
      .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
      .replace(/([^0-9])([.,])/gs, '$1 $2 ')
      .replace(/([.,])([^0-9])/gs, ' $1 $2')
      .replace(/([0-9])(-)/g, '$1 $2 '),
  );
}
