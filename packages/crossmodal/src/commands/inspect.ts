import { type Context, grouped, report } from '../cli/context.js';
import type { Inspection } from '../data/inspect.js';
import { type DataOptions, readData } from './data.js';

/** Files and lists that are shown; `--json` has all. */
const shown = 10;

export async function inspectCommand(
  path: string,
  options: DataOptions & { decode: boolean },
  context: Context,
): Promise<void> {
  const inspection = await readData({ ...options, data: path }, context, { decode: options.decode });
  const { usable, ...facts } = inspection;
  report(context, { ...facts, usable: usable.length }, () => inspectionText(inspection, options.decode));
}

function inspectionText(found: Inspection, decoded: boolean): string {
  const { modalities, texts, splits } = found;
  const lines = [
    `${found.kind}: ${found.description}`,
    `files in    ${found.root}`,
    `rows        ${grouped(found.rows)}, of ${grouped(found.items)} items`,
    `modalities  ${
      Object.entries(modalities)
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${name} ${grouped(count)}`)
        .join(', ') || 'none'
    }`,
    `texts       ${grouped(texts.total)}, ${grouped(texts.distinct)} of them different`,
    ...(found.labels > 0 ? [`labels      ${grouped(found.labels)}`] : []),
    `splits      ${Object.entries(splits)
      .map(([name, count]) => `${name === '' ? 'none' : name} ${grouped(count)}`)
      .join(', ')}`,
    ...(found.unknownSplits.length > 0 ? [`            not understood: ${found.unknownSplits.join(', ')}`] : []),
  ];
  if (decoded) {
    const across = found.duplicatesAcrossSplits;
    lines.push(
      `duplicates  ${found.duplicates.length === 0 ? 'none' : `${found.duplicates.length} files are there more than once${across > 0 ? `, ${across} of them in several splits: what is tested on is trained on` : ''}`}`,
      ...found.duplicates.slice(0, shown).map((same) => `            ${same.join(' = ')}`),
      `broken      ${found.broken.length === 0 ? 'none' : `${found.broken.length} files`}`,
      ...found.broken.slice(0, shown).map(({ file, reason }) => `            ${file}: ${reason}`),
      ...(found.broken.length > shown
        ? [`            and ${found.broken.length - shown} more (--json lists all)`]
        : []),
    );
  }
  for (const example of found.examples) {
    lines.push(
      `example     ${Object.entries(example)
        .map(([role, value]) => `${role} ${JSON.stringify(value)}`)
        .join(', ')}`,
    );
  }
  return lines.join('\n');
}
