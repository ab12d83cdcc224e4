import { logProbabilities } from './log-probabilities.js';
import { forbid, repeatingTokens } from './no-repeat-n-gram.js';
import type { GeneratedSequence, NextTokens, Search, SearchTask } from './search.js';

/**
 * A search with one row per item, each of which goes on by itself until its end.
 *
 * @param choose the next token by the log-probabilities of a row
 */
export function rowSearch(
  { prompts, vocabularySize, maximumLength, endIds, paddingId, process }: SearchTask,
  {
    noRepeatNGram,
    choose,
  }: { noRepeatNGram: number; choose: (logProbabilities: Float64Array, item: number) => number },
): Search {
  const rows = prompts.map((prompt) => ({
    tokens: [...prompt],
    start: prompt.length,
    score: 0,
    ended: false,
    finished: false,
  }));
  return {
    advance(logits): NextTokens | undefined {
      const ids = new Int32Array(rows.length).fill(paddingId);
      for (const [i, row] of rows.entries()) {
        if (row.ended) continue;
        const own = logits.subarray(i * vocabularySize, (i + 1) * vocabularySize);
        process?.(own, row.tokens, row.tokens.length - row.start);
        if (noRepeatNGram > 0) forbid(own, repeatingTokens(row.tokens, noRepeatNGram));
        const values = logProbabilities(own);
        const token = choose(values, i);
        row.tokens.push(token);
        row.score += values[token]!;
        row.finished = endIds.includes(token);
        row.ended = row.finished || row.tokens.length - row.start >= maximumLength;
        ids[i] = token;
      }
      return rows.every((row) => row.ended) ? undefined : { ids };
    },
    results: () =>
      rows.map(({ tokens, start, score, finished }): GeneratedSequence[] => [
        { ids: tokens.slice(start, finished ? -1 : undefined), score, finished },
      ]),
  };
}
