import { meanAndDeviation, pairedTTest } from '@crossmodal/core/metrics';
import { line } from '../../report/markdown.js';
import type { StyleOutcome } from './train-style.js';

/** What a training measured, by seed. */
export type Claim = ReadonlyMap<string, ReadonlyMap<number, Pick<StyleOutcome, 'target' | 'source'>>>;

/**
 * The trainings of `style-retrieval` side by side: recall of line drawings by seed, and, over the seeds that both have, what a method has more
 * than the control, with Student's paired test. What was not trained yet is left out.
 *
 * @param control the method that the others are compared with
 */
export function claimTable(claim: Claim, control: string): string {
  const seeds = [...new Set([...claim.values()].flatMap((bySeed) => [...bySeed.keys()]))].sort((a, b) => a - b);
  const head = ['', ...seeds.map((seed) => `seed ${seed}`), 'mean', 'colour', `minus "${control}"`, 't', 'p'];
  const rows = [...claim].flatMap(([method, bySeed]) => {
    if (bySeed.size === 0) return [];
    const values = seeds.map((seed) => bySeed.get(seed)?.target);
    const measured = [...bySeed.values()];
    const cells = [method, ...values.map((value) => (value === undefined ? '' : short(value)))];
    cells.push(
      spread(measured.map(({ target }) => target)),
      spread(measured.map(({ source }) => source)),
      ...(method === control ? ['', '', ''] : comparison(bySeed, claim.get(control))),
    );
    return [line(cells)];
  });
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows].join('\n');
}

type BySeed = ReadonlyMap<number, Pick<StyleOutcome, 'target' | 'source'>>;

/** Differences over the seeds that both have; empty cells where there is none, no test where there is nothing to test. */
function comparison(own: BySeed, other: BySeed | undefined): string[] {
  const common = [...own.keys()].filter((seed) => other?.has(seed));
  const a = common.map((seed) => own.get(seed)!.target);
  const b = common.map((seed) => other!.get(seed)!.target);
  if (common.length === 0) return ['', '', ''];
  const differences = a.map((value, i) => value - b[i]!);
  const difference = spread(differences, true);
  // The statistic is undefined where all differences are equal, but for rounding.
  if (common.length < 2 || meanAndDeviation(differences).deviation < 1e-12) return [difference, '', ''];
  const { statistic, pValue } = pairedTTest(a, b);
  return [difference, statistic.toFixed(2), pValue < 0.001 ? '< .001' : short(pValue)];
}

function spread(values: readonly number[], signed = false): string {
  const { mean, deviation, count } = meanAndDeviation(values);
  const sign = signed && mean > 0 ? '+' : '';
  return count < 2 ? `${sign}${short(mean)}` : `${sign}${short(mean)} ± ${short(deviation)}`;
}

/** .214, as the tables of this repository have it. */
function short(value: number): string {
  return value.toFixed(3).replace(/^(-?)0\./, '$1.');
}
