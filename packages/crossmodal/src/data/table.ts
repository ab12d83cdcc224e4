import { access, readdir } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { type ManifestFormat, manifest, type Row } from '@crossmodal/core/data';
import { guessColumns, type TableHead, tableHead } from './columns.js';
import { pathKind } from './files.js';
import type { ColumnChoice, DataSource } from './source.js';
import { splitNamed } from './splits.js';

const formats: Readonly<Record<string, ManifestFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

export const isTable = (name: string): boolean => extname(name).toLowerCase() in formats;

/** A CSV, TSV or JSON-lines file with any columns. */
export async function tableSource(path: string, chosen: ColumnChoice = {}): Promise<DataSource> {
  const head = await tableHead(path);
  const columns = guessColumns(path, head, chosen);
  if (columns.image === undefined && columns.audio === undefined && columns.text === undefined) {
    throw new CrossmodalError(
      `${path}: no column holds pictures, recordings or texts; the columns are ${head.columns.join(', ')}`,
      {
        remedy: 'name them: --image COLUMN, --audio COLUMN, --text COLUMN',
      },
    );
  }
  const root = await rootOf(path, head, columns);
  const format = formats[extname(path).toLowerCase()] as ManifestFormat;
  const used = Object.entries(columns).filter(([, name]) => name !== undefined);
  const split = splitOfFile(path);
  return {
    kind: format === 'jsonl' ? 'JSON lines' : format.toUpperCase(),
    description: `${used.map(([role, name]) => `${role} in column "${name}"`).join(', ')}${root === dirname(path) ? '' : `; files in ${root}`}`,
    root,
    rows: () =>
      withSplit(
        manifest(path, {
          format,
          columns: Object.fromEntries(used),
          root,
          ...(format === 'jsonl' ? {} : { delimiter: head.delimiter, quote: head.quote }),
        }).iterate(0),
        split,
      ),
  };
}

/** The split that a file's name stands for: `train.csv`, `captions_val2017.json`, `dev-000.tar`. */
export function splitOfFile(path: string): string | undefined {
  const words = path
    .slice(path.lastIndexOf('/') + 1)
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.find((word) => splitNamed(word) !== undefined);
}

/** Rows that name no split, with that one. */
export async function* withSplit(rows: AsyncIterable<Row>, split: string | undefined): AsyncGenerator<Row> {
  for await (const row of rows) yield split === undefined || row.split !== undefined ? row : { ...row, split };
}

/** Names of the folders in a folder; links count as what they lead to. */
async function foldersIn(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true });
  const kinds = await Promise.all(
    entries.map(async (entry) => entry.isDirectory() || (await pathKind(join(parent, entry.name))) === 'folder'),
  );
  return entries.flatMap(({ name }, i) => (kinds[i] ? [name] : []));
}

/** The folder that relative paths start from: that of the table, or the one below it (or beside it) in which the first files lie. */
async function rootOf(path: string, { records }: TableHead, { image, audio }: ColumnChoice): Promise<string> {
  const folder = dirname(path);
  const column = image ?? audio;
  const named = records.map((record) => (column === undefined ? undefined : record[column]));
  const files = named
    .filter((file): file is string => typeof file === 'string' && file !== '' && !isAbsolute(file))
    .slice(0, 5);
  if (files.length === 0) return folder;
  const below = async (parent: string) => (await foldersIn(parent)).map((name) => join(parent, name));
  const candidates = [
    folder,
    ...(await below(folder)),
    dirname(folder),
    ...(await below(dirname(folder)).catch(() => [])),
  ];
  let best = { root: folder, found: 0 };
  for (const root of candidates) {
    const there = await Promise.all(
      files.map((file) =>
        access(join(root, file)).then(
          () => 1,
          () => 0,
        ),
      ),
    );
    const found = there.reduce<number>((sum, one) => sum + one, 0);
    if (found > best.found) best = { root, found };
    if (found === files.length) break;
  }
  return best.root;
}
