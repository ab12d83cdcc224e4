import type { Random } from '@crossmodal/core';

/** Share of words that is left out at most. */
const most = 0.5;

/**
 * A text without some of its words, in their order: up to half of them, another share each time, and never all. Whoever searches writes
 * fewer words than whoever describes.
 *
 * @see Iyyer et al. (2015), "Deep unordered composition rivals syntactic methods", section 3.1: word dropout
 */
export function partialText(text: string, random: Random): string {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const share = most * random.uniform();
  const kept = words.filter(() => random.uniform() >= share);
  return kept.length > 0 ? kept.join(' ') : (words[random.integer(Math.max(1, words.length))] ?? text);
}
