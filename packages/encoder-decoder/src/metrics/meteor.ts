import { requireCorpus, wordsOf } from './corpus.js';

// Banerjee and Lavie, section 2.2: F = 10 P R / (R + 9 P), penalty 0.5 (chunks / matches)^3.
const alpha = 0.9;
const beta = 3;
const gamma = 0.5;

/**
 * METEOR with exact matches alone (no stems, no synonyms): F = P R / (0.9 P + 0.1 R) of the matched words, times
 * 1 - 0.5 (chunks / matches)^3, where a chunk is a run of matches that is contiguous in both texts; the best reference counts.
 * A word is matched with the last equal word of the reference that is free, from the end on, as NLTK does.
 *
 * @returns the mean and the score of each row, in [0, 1]
 * @throws CrossmodalError when the lists differ in length or a row has no reference
 * @see Banerjee and Lavie (2005), "METEOR: an automatic metric for MT evaluation", section 2
 * @example
 * const { score } = meteorExact(['a cat sleeps'], [['a cat is asleep', 'the cat sleeps']]);
 */
export function meteorExact(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
): { score: number; each: number[] } {
  requireCorpus('meteorExact', hypotheses, references);
  const each = hypotheses.map((text, i) => {
    const hypothesis = wordsOf(text.toLowerCase());
    return Math.max(...references[i]!.map((reference) => meteor(hypothesis, wordsOf(reference.toLowerCase()))));
  });
  return { score: each.reduce((sum, value) => sum + value, 0) / each.length, each };
}

function meteor(hypothesis: readonly string[], reference: readonly string[]): number {
  const places = matchedPlaces(hypothesis, reference);
  const matches = places.filter((place) => place >= 0).length;
  if (matches === 0) return 0;
  const precision = matches / hypothesis.length;
  const recall = matches / reference.length;
  const mean = (precision * recall) / (alpha * precision + (1 - alpha) * recall);
  let chunks = 0;
  for (const [i, place] of places.entries()) {
    const goesOn = i > 0 && places[i - 1]! >= 0 && places[i - 1]! + 1 === place;
    if (place >= 0 && !goesOn) chunks++;
  }
  return mean * (1 - gamma * (chunks / matches) ** beta);
}

/** The place in the reference of each word of the hypothesis, or -1. */
function matchedPlaces(hypothesis: readonly string[], reference: readonly string[]): number[] {
  const free = new Map<string, number[]>();
  for (const [j, word] of reference.entries()) free.set(word, [...(free.get(word) ?? []), j]);
  const places = new Array<number>(hypothesis.length).fill(-1);
  for (let i = hypothesis.length - 1; i >= 0; i--) places[i] = free.get(hypothesis[i]!)?.pop() ?? -1;
  return places;
}
