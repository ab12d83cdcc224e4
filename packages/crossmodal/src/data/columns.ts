import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { parseJson } from '@crossmodal/core/data';
import { parse } from 'csv-parse/sync';
import { fileKind } from './files.js';
import type { ColumnChoice } from './source.js';
import { splitNamed } from './splits.js';

/** The beginning of a table. */
export interface TableHead {
  columns: readonly string[];
  /** Some rows, by column. */
  records: readonly Readonly<Record<string, unknown>>[];
  delimiter: string;
  quote: string | false;
}

const headBytes = 2 ** 18;

/**
 * The first rows of a CSV, TSV or JSON-lines file; the delimiter is the one that cuts the first line into most fields.
 *
 * @throws CrossmodalError when the file cannot be read or parsed
 */
export async function tableHead(path: string): Promise<TableHead> {
  const text = await headOf(path);
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.length > 1 && text.length >= headBytes - 4) lines.pop(); // cut in the middle
  if (['.jsonl', '.ndjson'].includes(extname(path).toLowerCase())) return jsonHead(path, lines);
  const first = lines[0] ?? '';
  const fields = (delimiter: string) => first.split(delimiter).length;
  const delimiter = ['\t', ',', ';', '|'].reduce((best, other) => (fields(other) > fields(best) ? other : best));
  const quote = delimiter === '\t' || delimiter === '|' ? false : '"';
  let records: string[][];
  try {
    records = parse(lines.slice(0, 200).join('\n'), {
      delimiter,
      quote,
      relax_column_count: true,
      skip_empty_lines: true,
      relax_quotes: true,
      bom: true,
    });
  } catch (cause) {
    throw new CrossmodalError(`inspect: ${path}: ${(cause as Error).message}`, { cause });
  }
  const columns = (records[0] ?? []).map((name) => name.trim());
  if (columns.length === 0) throw new CrossmodalError(`inspect: ${path}: is empty`);
  const rows = records.slice(1).map((record) => Object.fromEntries(columns.map((name, i) => [name, record[i]])));
  return { columns, records: rows, delimiter, quote };
}

async function headOf(path: string): Promise<string> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CrossmodalError(`inspect: ${path}: cannot be read (${cause.code})`, { cause });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead)).replace(/^\uFEFF/, '');
  } finally {
    await file.close();
  }
}

function jsonHead(path: string, lines: readonly string[]): TableHead {
  const records = lines
    .filter((line) => line.trim() !== '')
    .slice(0, 200)
    .map((line, i) => {
      try {
        return parseJson(line) as Record<string, unknown>;
      } catch (cause) {
        throw new CrossmodalError(`inspect: ${path}, line ${i + 1}: is not JSON`, { cause });
      }
    });
  return {
    columns: [...new Set(records.flatMap((record) => Object.keys(record)))],
    records,
    delimiter: '',
    quote: false,
  };
}

const textNames = [
  'text',
  'caption',
  'captions',
  'sentence',
  'transcript',
  'transcription',
  'normalized_text',
  'description',
  'comment',
  'title',
  'name',
  'annotation',
  'alt',
  'prompt',
  'raw',
];
const labelNames = ['label', 'class', 'category', 'classname', 'class_name'];
const splitNames = ['split', 'set', 'subset', 'partition', 'fold'];
const groupNames = ['group', 'group_id', 'speaker', 'speaker_id', 'client_id'];

/**
 * Which column holds what: as chosen, else by the column's name and what stands in it.
 *
 * @throws CrossmodalError when a column that was chosen does not exist
 */
export function guessColumns(path: string, { columns, records }: TableHead, chosen: ColumnChoice): ColumnChoice {
  for (const [role, name] of Object.entries(chosen) as [string, string | undefined][]) {
    if (name !== undefined && !columns.includes(name)) {
      throw new CrossmodalError(`${path}: there is no column "${name}" for --${role}`, {
        remedy: `the columns are ${columns.join(', ')}`,
      });
    }
  }
  const taken = new Set(Object.values(chosen).filter((name) => name !== undefined));
  const values = (name: string) =>
    records.flatMap((record) =>
      record[name] === undefined || record[name] === null || record[name] === '' ? [] : [record[name]],
    );
  const share = (name: string, test: (value: unknown) => boolean) => {
    const all = values(name);
    return all.length === 0 ? 0 : all.filter(test).length / all.length;
  };
  const take = (name: string | undefined) => {
    if (name !== undefined) taken.add(name);
    return name;
  };
  const free = () => columns.filter((name) => name !== '' && !taken.has(name));
  const byKind = (kind: 'image' | 'audio') =>
    free().find((name) => share(name, (value) => typeof value === 'string' && fileKind(value) === kind) > 0.9);
  const byName = (names: readonly string[]) =>
    names.map((wanted) => free().find((name) => name.toLowerCase() === wanted)).find((name) => name !== undefined);
  const image = chosen.image ?? take(byKind('image'));
  const audio = chosen.audio ?? take(byKind('audio'));
  const split =
    chosen.split ??
    take(
      splitNames
        .map((wanted) =>
          free().find(
            (name) =>
              name.toLowerCase() === wanted && share(name, (value) => splitNamed(String(value)) !== undefined) === 1,
          ),
        )
        .find(Boolean),
    );
  const group = chosen.group ?? take(byName(groupNames));
  const label = chosen.label ?? take(byName(labelNames));
  const isProse = (value: unknown) =>
    (typeof value === 'string' && /\p{L}+[^\p{L}]+\p{L}+/u.test(value)) || Array.isArray(value);
  const text = chosen.text ?? take(byName(textNames) ?? free().find((name) => share(name, isProse) > 0.5));
  return { image, audio, text, label, split, group };
}
