// `node scripts/results-table.mjs RESULTS.json...`: what runs of the suite measured, as the Markdown of a RESULTS.md. Files of the same
// entry with other seeds are put together.
import { readFileSync } from 'node:fs';

const files = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')));
const number = (value) => (value === null ? '' : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3));
const line = (cells) => `| ${cells.join(' | ')} |`;

/** Rows of one number over the seeds. */
const groups = new Map();
for (const { seed, shuffled, results } of files) {
  for (const result of results) {
    const key = `${result.id} ${result.metric}`;
    const group = groups.get(key) ?? { ...result, values: [], shuffled: [], seeds: [], times: [] };
    group[shuffled ? 'shuffled' : 'values'].push(result.value);
    if (!shuffled) {
      group.seeds.push(seed);
      group.times.push(result.seconds);
    }
    groups.set(key, group);
  }
}
function spread(values) {
  if (values.length === 0) return '';
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return number(mean);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${number(mean)} ± ${number(Math.sqrt(squares / (values.length - 1)))}`;
}
// A column of published numbers where there is one.
const published = [...groups.values()].some((group) => typeof group.published === 'number') ? ['published'] : [];
console.log(
  line(['entry', 'measured', 'chance', 'untrained', 'shuffled', 'trained', ...published, 'seeds', 'minutes']),
);
console.log(line(['---', '---', '--:', '--:', '--:', '--:', ...published.map(() => '--:'), '---', '--:']));
for (const group of groups.values()) {
  const { id, metric, better, chance, untrained, shuffled, values, seeds, times } = group;
  const name = better === 'lower' ? `${metric} (lower is better)` : metric;
  const minutes = times.map((seconds) => (seconds / 60).toFixed(1)).join(', ');
  console.log(
    line([
      id,
      name,
      number(chance),
      number(untrained),
      spread(shuffled),
      `**${spread(values)}**`,
      ...published.map(() => number(group.published ?? null)),
      seeds.join(', '),
      minutes,
    ]),
  );
}
for (const { seed, shuffled, preset, runs, machine, versions, startedAt } of files) {
  const { processor, cores, memoryGiB } = machine;
  const libraries = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  for (const { id, processorSeconds, facts, curves } of runs) {
    console.log(`\n### ${id}, seed ${seed}${shuffled ? ', shuffled' : ''}\n`);
    console.log(
      `Preset ${preset}, ${startedAt.slice(0, 10)}, ${cores} cores of ${processor}, ${memoryGiB} GiB; ${libraries}.\n`,
    );
    if (processorSeconds !== undefined) console.log(`- Processor time: ${(processorSeconds / 60).toFixed(1)} minutes`);
    for (const [name, value] of Object.entries(facts)) console.log(`- ${name}: ${value}`);
    for (const { name, points } of curves) {
      console.log(`- ${name}, by step: ${points.map(([step, value]) => `${step}: ${value}`).join('; ')}`);
    }
  }
}
