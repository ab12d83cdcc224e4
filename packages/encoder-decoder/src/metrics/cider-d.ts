import { requireCorpus, wordsOf } from './corpus.js';
import { nGramCounts } from './n-grams.js';

const orders = [1, 2, 3, 4]; // Vedantam et al.
const sigma = 6; // Vedantam et al., section 8; pycocoevalcap

/** Weights of the n-grams of one order, their norm, and the length of the text as the length penalty knows it. */
interface Weighted {
  weights: Map<string, number>;
  norm: number;
  length: number;
}

/**
 * CIDEr-D of a corpus of captions: 10 times the mean over references and n = 1..4 of the cosine between n-gram counts weighted
 * by how rare they are among the images, where a hypothesis cannot count an n-gram more often than the reference, times
 * exp(-(l_h - l_r)^2 / (2 * 6^2)). Lengths are counted in bigrams, as pycocoevalcap does.
 *
 * The document frequencies are those of `references`, so the score of a single row says nothing: with one row it is 0.
 *
 * @param hypotheses one caption per image; words are what stands between white space: bring to lower case and take out punctuation before
 * @param references one or more captions per image
 * @returns the mean and the score of each row, in [0, 10]
 * @throws CrossmodalError when the lists differ in length or a row has no reference
 * @see Vedantam, Zitnick and Parikh (2015), "CIDEr: consensus-based image description evaluation", sections 4 and 8
 * @example
 * const { score } = ciderD(['a red boat', 'two cats'], [['a small red boat'], ['two cats on a wall', 'cats']]);
 */
export function ciderD(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
): { score: number; each: number[] } {
  requireCorpus('ciderD', hypotheses, references);
  const tokens = references.map((own) => own.map(wordsOf));
  const frequencies = orders.map((n) => documentFrequencies(tokens, n));
  const images = Math.log(references.length);
  const weigh = (words: readonly string[]): Weighted[] =>
    orders.map((n, k) => {
      const weights = new Map<string, number>();
      let squares = 0;
      for (const [nGram, count] of nGramCounts(words, n)) {
        const weight = count * (images - Math.log(Math.max(1, frequencies[k]!.get(nGram) ?? 0)));
        weights.set(nGram, weight);
        squares += weight ** 2;
      }
      return { weights, norm: Math.sqrt(squares), length: Math.max(0, words.length - 1) };
    });
  const each = hypotheses.map((text, i) => {
    const hypothesis = weigh(wordsOf(text));
    const scores = tokens[i]!.map((words) => similarity(hypothesis, weigh(words)));
    return (10 * scores.reduce((sum, value) => sum + value, 0)) / scores.length;
  });
  return { score: each.reduce((sum, value) => sum + value, 0) / each.length, each };
}

/** In how many images some reference has the n-gram. */
function documentFrequencies(tokens: readonly (readonly string[][])[], n: number): Map<string, number> {
  const frequencies = new Map<string, number>();
  for (const own of tokens) {
    const nGrams = new Set(own.flatMap((words) => [...nGramCounts(words, n).keys()]));
    for (const nGram of nGrams) frequencies.set(nGram, (frequencies.get(nGram) ?? 0) + 1);
  }
  return frequencies;
}

function similarity(hypothesis: readonly Weighted[], reference: readonly Weighted[]): number {
  const perOrder = hypothesis.map(({ weights, norm, length }, k) => {
    const other = reference[k]!;
    let product = 0;
    for (const [nGram, weight] of weights) {
      const own = other.weights.get(nGram) ?? 0;
      product += Math.min(weight, own) * own;
    }
    const cosine = norm > 0 && other.norm > 0 ? product / (norm * other.norm) : product;
    return cosine * Math.exp(-((length - other.length) ** 2) / (2 * sigma ** 2));
  });
  return perOrder.reduce((sum, value) => sum + value, 0) / perOrder.length;
}
