import { splitByGroup } from '@crossmodal/core/data';
import { familiesOf } from './families.js';
import { type Emoji, isBase, type OpenMoji } from './openmoji.js';

/** What is trained on and what is tested on. */
export interface Corpus {
  /** Emojis without skin tone, among them variants by gender and hair. */
  readonly train: Emoji[];
  /** One emoji of each test family. */
  readonly test: Emoji[];
  /** The skin-tone variants of a training emoji, itself first. */
  variantsOf(emoji: Emoji): Emoji[];
}

/** The split belongs to the data, not to the run: every seed is tested on the same emojis. */
const splitSeed = 'openmoji';

/** Share of the emojis that is held out. */
const testShare = 0.15;

/**
 * Divides OpenMoji into training and test emojis so that no family is on both sides.
 *
 * @param options.keep leaves emojis out of both sides.
 * @param options.limit at most so many training emojis, and a sixth as many test emojis; for smoke runs.
 */
export function openMojiCorpus(
  openmoji: OpenMoji,
  { keep = () => true, limit = Number.POSITIVE_INFINITY }: { keep?: (emoji: Emoji) => boolean; limit?: number } = {},
): Corpus {
  const families = familiesOf(openmoji);
  const familyOf = new Map(openmoji.emojis.map((emoji, index) => [emoji.hexcode, families[index]!]));
  const bases = openmoji.emojis.filter(isBase);
  const parts = splitByGroup(
    bases,
    { train: 1 - testShare, test: testShare },
    { group: ({ hexcode }) => familyOf.get(hexcode), seed: splitSeed },
  );
  const seen = new Set<string>();
  // The split comes first: an emoji is on the same side in every selection.
  const firstOfFamily = parts.test.filter(keep).filter(({ hexcode }) => {
    const family = familyOf.get(hexcode)!;
    return !seen.has(family) && seen.add(family);
  });
  const variants = new Map<string, Emoji[]>();
  for (const emoji of openmoji.emojis) {
    if (!isBase(emoji)) variants.set(emoji.baseHexcode, [...(variants.get(emoji.baseHexcode) ?? []), emoji]);
  }
  return {
    train: spread(parts.train.filter(keep), limit),
    test: spread(firstOfFamily, limit / 6),
    variantsOf: (emoji) => [emoji, ...(variants.get(emoji.hexcode) ?? [])],
  };
}

/** Every n-th item, so that few are still of all kinds. */
export function spread<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  const count = Math.max(1, Math.floor(limit));
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}
