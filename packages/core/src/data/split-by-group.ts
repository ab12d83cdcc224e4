import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';

export type Fractions<Name extends string> = Readonly<Record<Name, number>>;

function checkFractions(where: string, fractions: Fractions<string>): [string, number][] {
  const parts = Object.entries(fractions);
  const sum = parts.reduce((total, [, share]) => total + share, 0);
  if (parts.length === 0 || parts.some(([, share]) => !(share >= 0)) || Math.abs(sum - 1) > 1e-9) {
    throw new CrossmodalError(
      `${where}: fractions must be numbers of at least 0 with sum 1, got ${JSON.stringify(fractions)}`,
    );
  }
  return parts;
}

/** A name that tells one from all others: numbers beyond 2^53 were rounded before they came here, and NaN is no name. */
function identifier(what: string, value: string | number, index?: number): string | number {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value;
  throw new CrossmodalError(
    `${what} must be text or a whole number up to 2^53 - 1, got ${String(value)}${index === undefined ? '' : ` for item ${index}`}`,
    { remedy: 'pass larger numbers as text' },
  );
}

/**
 * The split that a group falls into, by its name and the seed alone: a group keeps its split when others come or go, and
 * nothing has to be held in memory. Shares are met on average over groups.
 *
 * @throws CrossmodalError when the fractions do not sum to 1, or the group is neither text nor a whole number up to 2^53 - 1.
 * @example rows.filter((row) => splitOf(row.group ?? row.origin, { train: 0.9, test: 0.1 }, { seed: 1 }) === 'train');
 */
export function splitOf<Name extends string>(
  group: string,
  fractions: Fractions<Name>,
  {
    seed = 0,
    ...others
  }: {
    /** @default 0 */
    seed?: number | string;
  } = {},
): Name {
  assertKnownOptions('splitOf', others, ['seed']);

  const parts = checkFractions('splitOf', fractions);
  identifier('splitOf: group', group);
  let position = new Random(seed).fork('split').fork(group).uniform();
  for (const [name, share] of parts) {
    if (position < share) return name as Name;
    position -= share;
  }
  return parts.filter(([, share]) => share > 0).at(-1)?.[0] as Name;
}

/**
 * Rows divided into splits so that rows of one group stay together. Groups are put in random order, and each goes to the
 * split that is furthest below its share of rows, the largest groups first: shares are met as closely as the groups allow.
 * Order within a split is that of the rows.
 *
 * @throws CrossmodalError when the fractions do not sum to 1, or a group is neither text nor a whole number up to 2^53 - 1.
 * @example const { train, test } = splitByGroup(rows, { train: 0.9, test: 0.1 }, { group: (row) => row.group, seed: 1 });
 */
export function splitByGroup<T, Name extends string>(
  items: readonly T[],
  fractions: Fractions<Name>,
  {
    group,
    seed = 0,
    ...others
  }: {
    /** An item without a group is one of its own. */
    group: (item: T) => string | number | undefined | null;
    /** @default 0 */
    seed?: number | string;
  },
): Record<Name, T[]> {
  assertKnownOptions('splitByGroup', others, ['group', 'seed']);

  const parts = checkFractions('splitByGroup', fractions);
  const keys = items.map((item, i) => {
    const key = group(item);
    if (key === undefined || key === null) return `alone ${i}`;
    return `${typeof key} ${identifier('splitByGroup: group', key, i)}`;
  });
  const sizes = new Map<string, number>();
  for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  const order = new Random(seed).fork('split').shuffle([...sizes]);
  order.sort(([, a], [, b]) => b - a); // stable: equal sizes keep their random order
  const filled = new Map(parts.map(([name]) => [name, 0]));
  const home = new Map<string, string>();
  for (const [key, size] of order) {
    let best = '';
    let lack = Number.NEGATIVE_INFINITY;
    for (const [name, share] of parts) {
      const missing = share * items.length - (filled.get(name) ?? 0);
      if (share > 0 && missing > lack) {
        lack = missing;
        best = name;
      }
    }
    home.set(key, best);
    filled.set(best, (filled.get(best) ?? 0) + size);
  }
  const splits = Object.fromEntries(parts.map(([name]) => [name, [] as T[]])) as Record<Name, T[]>;
  items.forEach((item, i) => {
    splits[home.get(keys[i] as string) as Name].push(item);
  });
  return splits;
}
