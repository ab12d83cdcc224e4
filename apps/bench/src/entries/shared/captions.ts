import type { Random } from '@crossmodal/core';
import type { Emoji } from '../../data/openmoji.js';

/** What is written about an emoji: its name, then its tags. */
export function captionOf({ annotation, tags }: Emoji): string {
  return [annotation, ...tags].join(' ');
}

/** The name and some of the tags, others each time: a caption of training. */
export function partialCaption({ annotation, tags }: Emoji, random: Random, { keep = 0.7 } = {}): string {
  return [annotation, ...tags.filter(() => random.uniform() < keep)].join(' ');
}
