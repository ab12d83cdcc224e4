import { describe, expect, test } from 'vitest';
import { openMojiCorpus } from '../src/data/corpus.js';
import { canonicalCodes, canonicalName, familiesOf } from '../src/data/families.js';
import { type Emoji, isBase, locateOpenMoji, readOpenMoji } from '../src/data/openmoji.js';

const openmoji = readOpenMoji(locateOpenMoji());
const byName = new Map(openmoji.emojis.map((emoji, index) => [emoji.annotation, index]));

describe('families', () => {
  const families = familiesOf(openmoji);
  const familyOf = (name: string) => {
    const index = byName.get(name);
    if (index === undefined) throw new Error(`no emoji is called ${name}`);
    return families[index];
  };

  test.each([
    ['waving hand', 'waving hand: dark skin tone'],
    ['health worker', 'man health worker'],
    ['health worker', 'woman health worker: medium skin tone'],
    ['person walking', 'woman walking: facing right'],
    ['man: red hair', 'woman: white hair'],
    ['older person', 'old woman'],
    ['prince', 'princess'],
    ['woman dancing', 'man dancing'],
    ['merman', 'mermaid'],
    ['Santa Claus', 'Mx Claus'],
    ['kiss', 'kiss: woman, man'],
    ['couple with heart', 'couple with heart: man, man'],
    ['people holding hands', 'men holding hands'],
    ['family', 'family: woman, girl, boy'],
    ['female doctor', 'male doctor'],
    ['pregnant man', 'pregnant person'],
  ])('%s and %s are one', (a, b) => {
    expect(familyOf(a)).toBe(familyOf(b));
  });

  test.each([
    ['flag: France', 'flag: Italy'],
    ['keycap: #', 'keycap: *'],
    ['dog', 'cat'],
    ['person walking', 'person running'],
    ['female sign', 'male sign'],
    ['student', 'teacher'],
  ])('%s and %s are two', (a, b) => {
    expect(familyOf(a)).not.toBe(familyOf(b));
  });

  test('equal names are one family', () => {
    const byAnnotation = new Map<string, Set<string>>();
    openmoji.emojis.forEach(({ annotation }, index) => {
      byAnnotation.set(annotation, (byAnnotation.get(annotation) ?? new Set()).add(families[index]!));
    });
    expect([...byAnnotation.values()].filter((set) => set.size > 1)).toEqual([]);
  });

  test('most emojis are families of their own', () => {
    expect(new Set(families).size).toBeGreaterThan(2000);
  });
});

describe('the split', () => {
  const { train, test: held, variantsOf } = openMojiCorpus(openmoji);
  const trained = train.flatMap(variantsOf);

  test('no variant of a test emoji is in training, by code points, by name, by base', () => {
    // Written without the families, from the definitions: what is left of a sequence or name once skin tone, gender,
    // hair and direction are removed.
    const plain = ({ hexcode }: Emoji) => hexcode.replace(/-?(1F3F[B-F]|200D|FE0F|2640|2642|27A1|1F9B[0-3])/g, '');
    const stem = ({ annotation }: Emoji) =>
      annotation
        .toLowerCase()
        .replace(/(medium-)?(light|medium|dark) skin tone|\b(wo)?m[ae]n\b|\bperson\b|facing right|[:,]/g, ' ')
        .replace(/\s+/g, ' ')
        .trim();
    for (const key of [plain, stem, (emoji: Emoji) => emoji.baseHexcode, (emoji: Emoji) => emoji.annotation]) {
      const seen = new Set(trained.map(key).filter((text) => text !== ''));
      expect(held.filter((emoji) => seen.has(key(emoji))).map(({ annotation }) => annotation)).toEqual([]);
    }
  });

  test('the ungendered form of a test emoji is not in training', () => {
    const seen = new Set(trained.map(({ hexcode }) => canonicalCodes(hexcode)));
    const names = new Set(trained.map(canonicalName));
    expect(held.filter((emoji) => seen.has(canonicalCodes(emoji.hexcode)) || names.has(canonicalName(emoji)))).toEqual(
      [],
    );
  });

  test('test emojis are bases, one per family, of the size asked for, and the same each time', () => {
    expect(held.every(isBase)).toBe(true);
    expect(held.length).toBeGreaterThan(250);
    expect(train.length).toBeGreaterThan(1900);
    expect(openMojiCorpus(openmoji).test).toEqual(held);
  });

  test('an emoji is on the same side in every selection', () => {
    const animals = openMojiCorpus(openmoji, { keep: ({ group }) => group === 'animals-nature' });
    const [all, allHeld] = [new Set(train), new Set(openmoji.emojis.filter((emoji) => !train.includes(emoji)))];
    expect(animals.train.length).toBeGreaterThan(90);
    expect(animals.test.length).toBeGreaterThan(10);
    expect(animals.train.every((emoji) => all.has(emoji))).toBe(true);
    expect(animals.test.every((emoji) => allHeld.has(emoji))).toBe(true);
  });

  test('a limit keeps the split', () => {
    const small = openMojiCorpus(openmoji, { limit: 60 });
    expect(small.train).toHaveLength(60);
    expect(small.test).toHaveLength(10);
    const all = new Set(train);
    expect(small.train.every((emoji) => all.has(emoji))).toBe(true);
  });
});
