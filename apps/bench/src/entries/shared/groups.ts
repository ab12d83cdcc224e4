import type { Emoji } from '../../data/openmoji.js';

/** The groups of Unicode that are pictures of something, and how a reader calls them; flags are left out. */
const groups: Record<string, string> = {
  'smileys-emotion': 'smileys',
  'people-body': 'people',
  'animals-nature': 'nature',
  'food-drink': 'food',
  'travel-places': 'travel',
  activities: 'activities',
  objects: 'objects',
  symbols: 'symbols',
};

const keys = Object.keys(groups);

/** Names of the classes, by class number. */
export const groupNames: readonly string[] = Object.values(groups);

/** The class of an emoji, -1 when it belongs to none. */
export function groupOf({ group }: Pick<Emoji, 'group'>): number {
  return keys.indexOf(group);
}
