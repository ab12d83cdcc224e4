import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { passTable } from '../bench/pass-table.js';
import { formulations } from '../src/formulations/table.js';

const text = readFileSync(new URL('../../../docs/how-the-backend-works.md', import.meta.url), 'utf8');

it('the documentation has the table of passes that `run passes -- --table` prints', () => {
  const [, table] = /<!-- passes:[^\n]*-->\n([\s\S]*?)\n<!-- \/passes -->/.exec(text)!;
  expect(table).toBe(passTable());
});

it('the documentation lists the formulations in their order, and which are exact', () => {
  const [, table] = /<!-- formulations:[^\n]*-->\n([\s\S]*?)<!-- \/formulations -->/.exec(text)!;
  const rows = [...table!.matchAll(/^\| `(\w+)` \| `([^`]+)` \| [^|]+ \| (yes|no) \|/gm)].map(
    ([, composite, name, exact]) => `${composite}: ${name}, ${exact}`,
  );
  expect(rows).toEqual(
    formulations.map(({ composite, name, exact }) => `${composite}: ${name}, ${exact ? 'yes' : 'no'}`),
  );
});
