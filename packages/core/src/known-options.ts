import { CrossmodalError } from './errors.js';

/**
 * Refuses options that do not exist, which plain JavaScript would pass over in silence.
 *
 * @param where the function, and the option that holds these
 * @param known the names of all options as keys, so that the compiler compares them with the type
 * @throws CrossmodalError that names the unknown one and the nearest known one, or all
 */
export function assertKnownOptions(
  where: string,
  options: object,
  known: Readonly<Record<string, true>>,
  { noun = 'option' }: { noun?: string } = {},
): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const near = names.find((candidate) => distance(name.toLowerCase(), candidate.toLowerCase()) <= 2);
    throw new CrossmodalError(`${where}: there is no ${noun} '${name}', the ${noun}s are ${names.join(', ')}`, {
      remedy: near ? `did you mean '${near}'?` : `remove it, or correct its name`,
    });
  }
}

/** Levenshtein's distance: insertions, deletions and replacements that turn one word into the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
  }
  return row[b.length]!;
}
