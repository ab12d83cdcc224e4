import { assertKnownOptions, requireInteger, requireOneOf } from '@crossmodal/core';
import { requireCorpus, wordsOf } from './corpus.js';
import { nGramCounts } from './n-grams.js';
import { tokenize13a } from './tokenize-13a.js';

export interface BleuOptions {
  /**
   * Longest n-grams: BLEU-1 to BLEU-4 are those of order 1 to 4.
   * @default 4
   */
  order?: number;
  /**
   * `13a` is sacrebleu's; `words` splits at white space, as papers about captions do with lower-case text without punctuation.
   * @default '13a'
   */
  tokenization?: '13a' | 'words';
  /**
   * What an order without any match counts: `exponential` halves 1 / total for each such order (NIST), `floor` counts 0.1
   * matches, `add` adds one match and one n-gram to each order above the first, `none` leaves zero.
   * @default 'exponential'
   */
  smoothing?: 'exponential' | 'floor' | 'add' | 'none';
  /** @default false */
  lowercase?: boolean;
  /**
   * Leaves out orders for which the hypotheses are too short; for single sentences.
   * @default false
   */
  effectiveOrder?: boolean;
}

export interface Bleu {
  /** In [0, 1]; sacrebleu prints it times 100. */
  score: number;
  /** Of n = 1, 2, ..., in [0, 1], smoothed. */
  precisions: number[];
  brevityPenalty: number;
  hypothesisLength: number;
  /** Sum of the lengths of the references that are closest in length. */
  referenceLength: number;
}

/**
 * BLEU of a corpus: the geometric mean of the shares of n-grams that occur in a reference (clipped by how often they do there),
 * times min(1, exp(1 - r / h)) where r and h are the lengths of references and hypotheses.
 *
 * @param hypotheses one text per row; an empty one matches nothing
 * @param references one or more texts per row
 * @throws CrossmodalError when the lists differ in length or a row has no reference
 * @see Papineni et al. (2002), "BLEU: a method for automatic evaluation of machine translation"; Post (2018), sacrebleu
 * @example
 * const { score } = bleu(['a cat sleeps on a mat'], [['a cat is asleep on the mat', 'the cat sleeps on a mat']]);
 */
export function bleu(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  {
    order = 4, // Papineni et al.
    tokenization = '13a', // sacrebleu
    smoothing = 'exponential', // sacrebleu
    lowercase = false,
    effectiveOrder = false,
    ...others
  }: BleuOptions = {},
): Bleu {
  assertKnownOptions('bleu', others, ['order', 'tokenization', 'smoothing', 'lowercase', 'effectiveOrder']);
  requireOneOf('bleu: tokenization', tokenization, ['13a', 'words']);
  requireOneOf('bleu: smoothing', smoothing, ['none', 'exponential', 'floor', 'add']);
  requireCorpus('bleu', hypotheses, references);
  requireInteger('bleu: order', order, 1, 9);
  const split = tokenization === '13a' ? tokenize13a : wordsOf;
  const tokensOf = (text: string) => split((lowercase ? text.toLowerCase() : text).trimEnd());
  const matches = new Array<number>(order).fill(0);
  const totals = new Array<number>(order).fill(0);
  let hypothesisLength = 0;
  let referenceLength = 0;
  for (const [i, text] of hypotheses.entries()) {
    const hypothesis = tokensOf(text);
    const own = references[i]!.map(tokensOf);
    hypothesisLength += hypothesis.length;
    referenceLength += closestLength(
      hypothesis.length,
      own.map((tokens) => tokens.length),
    );
    for (let n = 1; n <= order; n++) {
      const allowed = own.map((tokens) => nGramCounts(tokens, n));
      for (const [nGram, count] of nGramCounts(hypothesis, n)) {
        matches[n - 1]! += Math.min(count, Math.max(...allowed.map((counts) => counts.get(nGram) ?? 0)));
        totals[n - 1]! += count;
      }
    }
  }
  const brevityPenalty =
    hypothesisLength >= referenceLength
      ? 1
      : hypothesisLength > 0
        ? Math.exp(1 - referenceLength / hypothesisLength)
        : 0;
  const lengths = { hypothesisLength, referenceLength };
  if (matches.every((count) => count === 0)) {
    return { score: 0, precisions: matches, brevityPenalty, ...lengths };
  }
  const { precisions, usedOrders } = smoothed(matches, totals, smoothing);
  const orders = effectiveOrder ? usedOrders : order;
  const logs = precisions.slice(0, orders).reduce((sum, precision) => sum + Math.log(precision), 0);
  return { score: brevityPenalty * Math.exp(logs / orders), precisions, brevityPenalty, ...lengths };
}

/** The length closest to that of the hypothesis, the shorter of two equally close ones. */
function closestLength(length: number, candidates: readonly number[]): number {
  return candidates.reduce((best, candidate) => {
    const difference = Math.abs(candidate - length) - Math.abs(best - length);
    return difference < 0 || (difference === 0 && candidate < best) ? candidate : best;
  });
}

/** Precisions, and the number of orders for which there is an n-gram at all. */
function smoothed(
  matches: readonly number[],
  totals: readonly number[],
  smoothing: NonNullable<BleuOptions['smoothing']>,
): { precisions: number[]; usedOrders: number } {
  const precisions = new Array<number>(matches.length).fill(0);
  let divisor = 1;
  let usedOrders = 0;
  for (let i = 0; i < matches.length; i++) {
    const extra = smoothing === 'add' && i > 0 ? 1 : 0;
    const [match, total] = [matches[i]! + extra, totals[i]! + extra];
    if (total === 0) break;
    usedOrders = i + 1;
    if (match > 0) {
      precisions[i] = match / total;
    } else if (smoothing === 'exponential') {
      divisor *= 2;
      precisions[i] = 1 / (divisor * total);
    } else if (smoothing === 'floor') {
      precisions[i] = 0.1 / total; // sacrebleu's floor
    }
  }
  return { precisions, usedOrders };
}
