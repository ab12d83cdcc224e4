import { passes } from '../src/passes/optimise.js';

/** The table of passes in docs/how-the-backend-works.md. */
export function passTable(): string {
  const rows = passes.map(
    ({ name, exact, orders, does, place }, i) =>
      `| ${i + 1} | \`${name}\`${exact ? '' : ' \\*'}${orders ? ' †' : ''} | ${does} | ${place} |`,
  );
  return ['| | pass | does | why here |', '|---|---|---|---|', ...rows].join('\n');
}
