import { CrossmodalError } from './errors.js';

/**
 * Refuses options that do not exist, which plain JavaScript would pass over in silence.
 *
 * @param where the function, and the option that holds these
 * @param options all of them, or what is left when the known ones are taken off
 * @param known the names of all options, as a list or as keys
 * @throws CrossmodalError that names the unknown one and the nearest known one, or all
 */
export function assertKnownOptions(
  where: string,
  options: object,
  known: readonly string[] | Readonly<Record<string, true>>,
  { noun = 'option' }: { noun?: string } = {},
): void {
  if (typeof options !== 'object' || options === null) {
    throw new CrossmodalError(
      `${where}: ${noun}s must be an object, got ${options === null ? 'null' : typeof options}`,
    );
  }
  const names = Array.isArray(known) ? (known as readonly string[]) : Object.keys(known);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const near = nearestName(name, names);
    throw new CrossmodalError(
      `${where}: there is no ${noun} '${name}', ${names.length > 0 ? `the ${noun}s are ${names.join(', ')}` : 'there are none'}`,
      {
        remedy: near ? `did you mean '${near}'?` : `remove it, or correct its name`,
      },
    );
  }
}

/** The name that was probably meant: misspelled, abbreviated to initials (lr), or cut short. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const initials = (candidate: string) => candidate.replace(/(?<=.)[a-z0-9]+/g, '').toLowerCase();
  const costs = names.map((candidate) => {
    const whole = candidate.toLowerCase();
    if (given.length > 1 && initials(candidate) === given) return 0;
    if (
      given.length > 2 &&
      (whole.startsWith(given) || whole.endsWith(given) || given.startsWith(whole) || given.endsWith(whole))
    )
      return 1;
    const edits = distance(given, whole);
    return edits <= Math.max(1, Math.min(3, Math.floor(Math.max(given.length, whole.length) / 3)))
      ? edits
      : Number.POSITIVE_INFINITY;
  });
  const least = Math.min(...costs);
  return Number.isFinite(least) ? names[costs.indexOf(least)] : undefined;
}

/** Insertions, deletions, replacements and exchanges of neighbours that turn one word into the other. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const exchanges = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchanged = exchanges ? before[j - 2]! + 1 : replaced;
      row.push(Math.min(replaced, exchanged, row[j - 1]! + 1, above[j]! + 1));
    }
    before = above;
  }
  return row[b.length]!;
}
