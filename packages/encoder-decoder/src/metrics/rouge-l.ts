import { assertKnownOptions, requireOneOf } from '@crossmodal/core';
import { requireCorpus, wordsOf } from './corpus.js';

export interface RougeLOptions {
  /**
   * `summaries`: Google's rouge-score; letters a to z and digits in lower case are tokens, F1, the best reference counts.
   * `captions`: pycocoevalcap; words between white space, beta = 1.2, and precision and recall are each the best of any reference.
   * @default 'summaries'
   */
  convention?: 'summaries' | 'captions';
}

/**
 * ROUGE-L: how much of a hypothesis and of its reference is their longest common subsequence; mean over the rows of
 * F = (1 + beta^2) P R / (R + beta^2 P).
 *
 * @returns the mean F and that of each row, in [0, 1]
 * @throws CrossmodalError when the lists differ in length or a row has no reference
 * @see Lin (2004), "ROUGE: a package for automatic evaluation of summaries", section 3
 * @example
 * const { score } = rougeL(['a cat sleeps'], [['a cat is asleep', 'the cat sleeps']]);
 */
export function rougeL(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  { convention = 'summaries', ...others }: RougeLOptions = {},
): { score: number; each: number[] } {
  assertKnownOptions('rougeL', others, ['convention']);
  requireOneOf('rougeL: convention', convention, ['summaries', 'captions']);
  requireCorpus('rougeL', hypotheses, references);
  const tokensOf = convention === 'summaries' ? alphanumeric : wordsOf;
  const each = hypotheses.map((text, i) => {
    const hypothesis = tokensOf(text);
    const pairs = references[i]!.map((reference) => {
      const tokens = tokensOf(reference);
      const common = longestCommonSubsequence(hypothesis, tokens);
      return { precision: common / (hypothesis.length || 1), recall: common / (tokens.length || 1) };
    });
    if (convention === 'summaries') return Math.max(...pairs.map((pair) => fMeasure(pair, 1)));
    const precision = Math.max(...pairs.map((pair) => pair.precision));
    const recall = Math.max(...pairs.map((pair) => pair.recall));
    return fMeasure({ precision, recall }, 1.2); // pycocoevalcap
  });
  return { score: each.reduce((sum, value) => sum + value, 0) / each.length, each };
}

const alphanumeric = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

function fMeasure({ precision, recall }: { precision: number; recall: number }, beta: number): number {
  if (precision === 0 || recall === 0) return 0;
  return ((1 + beta ** 2) * precision * recall) / (recall + beta ** 2 * precision);
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let above = new Int32Array(b.length + 1);
  for (const token of a) {
    const row = new Int32Array(b.length + 1);
    for (let j = 1; j <= b.length; j++) {
      row[j] = token === b[j - 1] ? above[j - 1]! + 1 : Math.max(above[j]!, row[j - 1]!);
    }
    above = row;
  }
  return above[b.length]!;
}
