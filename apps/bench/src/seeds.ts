import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { meanAndDeviation } from '@crossmodal/core/metrics';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import type { Entry, EntryContext } from './entries/entry.js';
import { readOrMake } from './parts.js';
import { prepareReportFolder } from './report/folder.js';
import { formatNumber } from './report/format.js';
import type { Result } from './result.js';
import { entryContext, openSuite, runEntry, type SuiteOptions } from './suite.js';

/** One entry, run once. */
interface Run {
  seed: number;
  shuffled: boolean;
}

/**
 * Runs every entry with each seed, and once with shuffled pairs and labels (of the first seed; unless `control` is false), and tabulates the
 * numbers. Each run is written to a file of its own as soon as it ends, and a run whose file is there is not repeated: what was
 * interrupted goes on where it stopped; entries that keep their trainings one by one go on at the training.
 *
 * @returns a table in Markdown; it is written to `seeds.md` in the report folder, too.
 */
export async function runSeeds(
  entries: readonly Entry[],
  {
    seeds,
    control = true,
    ...options
  }: Omit<SuiteOptions, 'seed' | 'shuffle' | 'verbose'> & { seeds: readonly number[]; control?: boolean },
): Promise<string> {
  const { reportFolder, terminal } = options;
  const runs: Run[] = [
    ...seeds.map((seed) => ({ seed, shuffled: false })),
    ...seeds.slice(0, control ? 1 : 0).map((seed) => ({ seed, shuffled: true })),
  ];
  const fileOf = ({ id }: Entry, run: Run) => join(reportFolder, `${id}-${nameOf(run)}.json`);
  const missing = runs
    .map((run) => ({ run, todo: entries.filter((entry) => !existsSync(fileOf(entry, run))) }))
    .filter(({ todo }) => todo.length > 0);
  const opened = missing.length > 0 ? await openSuite(options) : undefined;
  await prepareReportFolder(reportFolder);
  for (const { run, todo } of opened ? missing : []) {
    const { seed, shuffled: shuffle } = run;
    const context = entryContext({ ...options, seed, shuffle }, opened!);
    for (const entry of todo) {
      terminal.note(`${entry.id}, ${nameOf(run)}`);
      const kept: EntryContext['kept'] = (name, make) =>
        readOrMake(join(reportFolder, `${entry.id}-${nameOf(run)}-trainings`), name, make);
      const { results } = await runEntry(entry, { ...context, kept }, terminal);
      const content = { preset: options.preset, ...run, results };
      await writeAtomically(fileOf(entry, run), `${JSON.stringify(content, null, 2)}\n`, { where: 'bench' });
    }
  }
  const read = (entry: Entry, run: Run) =>
    (JSON.parse(readFileSync(fileOf(entry, run), 'utf8')) as { results: Result[] }).results;
  const table = seedsTable(
    runs,
    entries.map((entry) => runs.map((run) => read(entry, run))),
  );
  await writeAtomically(join(reportFolder, 'seeds.md'), table, { where: 'bench' });
  return table;
}

function nameOf({ seed, shuffled }: Run): string {
  return `seed${seed}${shuffled ? '-shuffled' : ''}`;
}

/** @param entries for each entry the results of each run. */
function seedsTable(runs: readonly Run[], entries: readonly (readonly Result[][])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const head = runs.map(({ seed, shuffled }) => (shuffled ? 'shuffled' : `seed ${seed}`));
  const rows = entries.flatMap((byRun) =>
    byRun[0]!.map(({ id, metric, better, chance, untrained }, row) => {
      const values = byRun.map((results) => results[row]!.value);
      const trained = values.filter((_, index) => !runs[index]!.shuffled);
      const name = better === 'lower' ? `${metric} (lower is better)` : metric;
      return line([
        id,
        name,
        formatNumber(chance),
        formatNumber(untrained),
        spread(trained),
        ...values.map(formatNumber),
      ]);
    }),
  );
  const columns = ['entry', 'measured', 'chance', 'untrained', 'mean ± deviation', ...head];
  return `${line(columns)}${line(columns.map((_, index) => (index < 2 ? '---' : '--:')))}${rows.join('')}`;
}

/** Mean and standard deviation of a sample. */
function spread(values: readonly number[]): string {
  const { mean, deviation, count } = meanAndDeviation(values);
  return count < 2 ? formatNumber(mean) : `${formatNumber(mean)} ± ${formatNumber(deviation)}`;
}
