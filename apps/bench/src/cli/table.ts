import Table from 'cli-table3';
import type { Entry } from '../entries/entry.js';
import { formatNumber, formatSeconds } from '../report/format.js';
import type { Result } from '../result.js';

const plain = { head: [], border: [], compact: true };

/** The results as a table for the terminal, one line per number. */
export function resultsTable(results: readonly Result[]): string {
  const anyPublished = results.some(({ published }) => published !== null);
  const numbers = ['chance', 'untrained', 'trained', ...(anyPublished ? ['published'] : [])];
  const table = new Table({
    head: ['entry', 'measured', ...numbers, 'time'],
    colAligns: ['left', 'left', ...numbers.map(() => 'right' as const), 'right'],
    style: plain,
  });
  results.forEach(({ id, metric, better, chance, untrained, value, published, seconds }, index) => {
    const first = results[index - 1]?.id !== id;
    table.push([
      first ? id : '',
      better === 'lower' ? `${metric} (lower is better)` : metric,
      ...[chance, untrained, value, ...(anyPublished ? [published] : [])].map(formatNumber),
      first ? formatSeconds(seconds) : '',
    ]);
  });
  return table.toString();
}

/** The entries as a table. */
export function entriesTable(entries: readonly Entry[]): string {
  const table = new Table({ head: ['entry', 'paradigm', 'question'], style: plain });
  for (const { id, paradigm, question } of entries) table.push([id, paradigm, question]);
  return table.toString();
}
