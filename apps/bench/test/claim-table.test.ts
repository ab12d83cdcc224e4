import { expect, test } from 'vitest';
import { claimTable } from '../src/entries/style-retrieval/claim-table.js';

const bySeed = (values: readonly (number | undefined)[]) =>
  new Map(values.flatMap((target, seed) => (target === undefined ? [] : [[seed, { target, source: 0.5 }] as const])));
const rowsOf = (table: string) =>
  table.split('\n').map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('methods beside the control: means, differences and the paired test of scipy', () => {
  const claim = new Map([
    ['control', bySeed([0.204, 0.219, 0.205, 0.221, 0.2])],
    ['method', bySeed([0.214, 0.231, 0.198, 0.242, 0.219])],
    ['far off', bySeed([undefined, 0.31, 0.3])],
    ['one seed', bySeed([0.19])],
    ['always as much more', bySeed([0.254, 0.269])],
    ['not yet', bySeed([])],
  ]);
  const [head, rule, ...rows] = rowsOf(claimTable(claim, 'control'));
  expect(head).toEqual([
    '',
    ...[0, 1, 2, 3, 4].map((seed) => `seed ${seed}`),
    'mean',
    'colour',
    'minus "control"',
    't',
    'p',
  ]);
  expect(rule).toEqual(['---', ...Array(10).fill('--:')]);
  expect(rows[0]).toEqual([
    'control',
    '.204',
    '.219',
    '.205',
    '.221',
    '.200',
    '.210 ± .010',
    '.500 ± .000',
    '',
    '',
    '',
  ]);
  // scipy.stats.ttest_rel: statistic 2.22234, pvalue 0.090377
  expect(rows[1]!.slice(6)).toEqual(['.221 ± .017', '.500 ± .000', '+.011 ± .011', '2.22', '.090']);
  expect(rows[2]!.slice(1, 6)).toEqual(['', '.310', '.300', '', '']);
  expect(rows[3]!.slice(6)).toEqual(['.190', '.500', '-.014', '', '']);
  expect(rows[4]!.slice(8)).toEqual(['+.050 ± .000', '', '']);
  expect(rows).toHaveLength(5);
});
