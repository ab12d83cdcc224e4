import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { formulations } from '../src/formulations/table.js';

it('the documentation lists the formulations in their order, and which are exact', () => {
  const text = readFileSync(new URL('../../../docs/how-the-backend-works.md', import.meta.url), 'utf8');
  const [, table] = /<!-- formulations:[^\n]*-->\n([\s\S]*?)<!-- \/formulations -->/.exec(text)!;
  const rows = [...table!.matchAll(/^\| `(\w+)` \| `([^`]+)` \| [^|]+ \| (yes|no) \|/gm)].map(
    ([, composite, name, exact]) => `${composite}: ${name}, ${exact}`,
  );
  expect(rows).toEqual(
    formulations.map(({ composite, name, exact }) => `${composite}: ${name}, ${exact ? 'yes' : 'no'}`),
  );
});
