import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { optionTakers, root } from './option-takers.js';

const takers = optionTakers();

/** The options of all public functions, by name, with who has them. */
const options = new Map<string, string[]>();
for (const { name, options: names } of takers) {
  for (const option of names) options.set(option, [...(options.get(option) ?? []), name]);
}
const style = readFileSync(`${root}docs/style.md`, 'utf8');
const rows = [...style.matchAll(/^\| (`.*?) \|(.*?)\|(?:(.*?)\|)?$/gm)];
const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string);
const table = rows.filter(([, , , not]) => not !== undefined);
const exceptions = rows.filter(([, , , not]) => not === undefined).flatMap(([, names]) => words(names!));

const american = /color|gray(?!scale)|center|behavior|neighbor|favor|iz(e|ing|ation|er)(s|[A-Z]|$)/;

describe('names of options', () => {
  it('are in a table of the style', () => expect(table.length).toBeGreaterThan(20));

  it.each(table.map(([, name, , not]) => [words(name!)[0]!, words(not!)] as const))(
    '%s is the word for it, and no other',
    (name, others) => {
      expect(options.get(name), `${name} in docs/style.md is no option of any function`).toBeDefined();
      for (const other of others) expect(options.get(other), `say ${name} instead of ${other}`).toBeUndefined();
    },
  );

  it('are spelled as the English do, or listed with the library that named them', () => {
    const names = [...options.keys()].filter(
      (name) => american.test(name) && name !== 'size' && !/[sS]ize$/.test(name),
    );
    expect(names.sort()).toEqual(exceptions.sort());
  });

  it('have no counting prefix and no abbreviation', () => {
    const short = [...options].filter(([name]) => /^(num|n|max|min|lr|eps|dim|std|idx|cfg|opts?)([A-Z_]|$)/.test(name));
    expect(short).toEqual([]);
  });
});

describe('defaults', () => {
  const defaults = takers.flatMap(({ name, defaults: list }) => list.map((entry) => ({ ...entry, name })));

  it('are looked for in hundreds of options', () => expect(defaults.length).toBeGreaterThan(400));

  it('stand in the documentation of their options (scripts/document-defaults.ts writes them)', () => {
    const wrong = defaults.filter(({ value, documented = '', declaration, name }) => {
      if (!declaration) return false; // of a type that is computed
      // Of several functions: `0 (bagEncoder, lstmEncoder); 0.1 (transformerEncoder)`.
      const entries = documented.split('; ').map((entry) => /^(.*) \(([\w, ]+)\)$/.exec(entry));
      return (
        documented !== value && !entries.some((entry) => entry?.[1] === value && entry[2]!.split(', ').includes(name))
      );
    });
    expect(
      wrong.map(({ name, option, value, documented }) => `${name}: ${option} = ${value}, documented ${documented}`),
    ).toEqual([]);
  });
});
