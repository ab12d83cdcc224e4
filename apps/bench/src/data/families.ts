import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Emoji, isBase, type OpenMoji, svgFile } from './openmoji.js';

/**
 * Sorts emojis into families: everything that is a variant of the same thing (skin tone, gender, hair, direction of
 * movement), bears the same name, or has the same colour drawing. A split must never cut through a family, or a model is
 * tested on what it has seen.
 *
 * @returns for each emoji, in order, the hexcode of the first member of its family.
 */
export function familiesOf({ folder, emojis }: OpenMoji): string[] {
  const parents = emojis.map((_, index) => index);
  const find = (index: number): number => {
    let root = index;
    while (parents[root] !== root) root = parents[root]!;
    while (parents[index] !== root) [parents[index], index] = [root, parents[index]!];
    return root;
  };
  const first = new Map<string, number>();
  emojis.forEach((emoji, index) => {
    for (const key of variantKeys(emoji, folder)) {
      const other = first.get(key);
      if (other === undefined) first.set(key, index);
      else {
        const [low, high] = [find(index), find(other)].sort((a, b) => a - b) as [number, number];
        parents[high] = low;
      }
    }
  });
  return emojis.map((_, index) => emojis[find(index)]!.hexcode);
}

/** Two emojis that share any of these keys are variants of one another. */
function variantKeys(emoji: Emoji, folder: string): string[] {
  const keys = [
    `base:${emoji.baseHexcode}`,
    `base:${emoji.hexcode}`,
    `codes:${canonicalCodes(emoji.hexcode)}`,
    `codes:${canonicalCodes(emoji.baseHexcode)}`,
    `name:${canonicalName(emoji)}`,
  ];
  // The black drawings do not count: those of all country flags are the same empty rectangle.
  const drawing = isBase(emoji) && drawingHash(folder, emoji.hexcode);
  if (drawing) keys.push(`drawing:${drawing}`);
  return keys;
}

/** Man, woman, person, boy, girl, child, and the old ones: one code each for grown, young and old. */
const people: Record<string, string> = {
  '1F468': '1F9D1',
  '1F469': '1F9D1',
  '1F466': '1F9D2',
  '1F467': '1F9D2',
  '1F474': '1F9D3',
  '1F475': '1F9D3',
  // Pairs that have code points of their own, not a gender sign.
  '1F934': '1FAC5', // prince, person with crown
  '1F478': '1FAC5', // princess
  '1F57A': '1F483', // man dancing, woman dancing
  '1F930': '1FAC4', // pregnant woman, person
  '1FAC3': '1FAC4', // pregnant man
  '1F385': '1F936', // Santa Claus, Mrs. Claus
  '1F46C': '1F46B', // holding hands
  '1F46D': '1F46B',
};

/** Whole sequences that mean the same as a single code point. */
const sequences: Record<string, string> = {
  '1F9D1-1F384': '1F936', // Mx Claus
  '1F9D1-1F91D-1F9D1': '1F46B', // people holding hands
  '1F9D1-2764-1F9D1': '1F491', // couple with heart
  '1F9D1-2764-1F48B-1F9D1': '1F48F', // kiss
};

/** The code points without skin tones, gender signs, hair, direction, joiners and presentation selectors. */
export function canonicalCodes(hexcode: string): string {
  const codes = hexcode
    .split('-')
    .filter((code) => !/^(1F3F[B-F]|2640|2642|27A1|1F9B[0-3]|200D|FE0F)$/.test(code))
    .map((code) => people[code] ?? code);
  // What consists of removed parts only (the signs themselves) stays what it is.
  if (codes.length === 0) return hexcode;
  // All families count as one, whoever they consist of.
  if (codes.length > 1 && codes.every((code) => code === '1F9D1' || code === '1F9D2')) return '1F46A';
  const joined = codes.join('-');
  return sequences[joined] ?? joined;
}

const gendered =
  /\b(fe)?male\b|\b(wo)?m[ae]n('s)?\b|\b(person|people|adult|child|children|boy|girl)('s)?\b|\bmer(man|maid|person)\b/g;

/** The name without skin tone, gender and direction; of families and couples only the kind. */
export function canonicalName({ annotation, group }: Pick<Emoji, 'annotation' | 'group'>): string {
  let name = annotation.toLowerCase();
  if (group === 'people-body' || group.startsWith('extras')) {
    name = name.replace(/^(family|kiss|couple with heart):.*/, '$1');
    name = name.replace(/(medium-)?(light|medium|dark) skin tone,?/g, ' ').replace(/facing right/g, ' ');
    name = name.replace(/\bold\b/g, 'older');
    const neutral = name.replace(gendered, (match) => (match.startsWith('mer') ? 'merperson' : ' '));
    name = neutral.replace(/[^a-z0-9]+/g, ' ').trim() === '' ? name : neutral;
  }
  // Outside these groups punctuation counts: "keycap: #" and "keycap: *" are different things.
  else return name;
  return name.replace(/[^a-z0-9]+/g, ' ').trim();
}

function drawingHash(folder: string, hexcode: string): string | undefined {
  try {
    const text = readFileSync(svgFile(folder, hexcode, 'color'), 'utf8').replace(/\s+|id="[^"]*"/g, '');
    return createHash('sha256').update(text).digest('base64');
  } catch {
    return undefined; // a missing drawing is reported where it is needed: when it is rendered
  }
}
