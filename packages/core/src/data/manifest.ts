import { dirname, extname } from 'node:path';
import { pipeline as connect, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { requireInteger, requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { fileError, readingError } from './files/file-error.js';
import { parseJson } from './files/parse-json.js';
import { readLines, readText } from './files/read-text.js';
import { assertKnownRoles, type ManifestColumns, type Role, rowReader } from './manifest-columns.js';
import { type Pipeline, pipeline } from './pipeline.js';
import type { Row } from './row.js';

export type ManifestFormat = 'csv' | 'tsv' | 'jsonl';

export interface ManifestOptions {
  /** By default from the file's extension: .csv, .tsv or .tab, .jsonl or .ndjson. */
  format?: ManifestFormat;
  /** Which column holds what, where the columns are not called text, image, audio, label, domain, split and group. */
  columns?: ManifestColumns;
  /** Names of the columns of a file whose first line is already a row. */
  header?: readonly string[];
  /** Folder that relative paths start from and must stay in; by default the manifest's own. Absolute ones are taken as they are. */
  root?: string;
  /** Parts that each row must have. A row without text, image and audio is refused in any case. */
  require?: readonly Role[];
  /** The character between the fields of a table; by default a comma for CSV and a tab for TSV. */
  delimiter?: string;
  /** The character that encloses fields, or false. By default `"` for CSV (RFC 4180) and none for TSV (IANA). */
  quote?: string | false;
  /**
   * Characters that a row may have.
   * @default 2 ** 20
   */
  maximumRow?: number;
}

const known: Record<keyof ManifestOptions, true> = {
  format: true,
  columns: true,
  header: true,
  root: true,
  require: true,
  delimiter: true,
  quote: true,
  maximumRow: true,
};

const extensions: Record<string, ManifestFormat> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/**
 * Rows of a CSV, TSV or JSON-lines file: text, paths of image and audio, label, domain, split and group. Columns without a name are left
 * out; whole numbers of JSON beyond 2^53 become texts, digit for digit. The file is read
 * as a stream, anew for each epoch; `toArray()` holds the rows for good, which a full shuffle needs.
 *
 * @throws CrossmodalError for an option or a role that does not exist; while rows come, naming file, line and remedy: a file that cannot be read or is not UTF-8, a column that does not
 * exist, a row with too many or too few fields, with an open quote, with broken JSON, without a required part, or too long.
 * @see RFC 4180 (CSV); IANA text/tab-separated-values; jsonlines.org
 * @example
 * // A classic: subtitle <tab> path of the recording, no header.
 * const rows = manifest('subtitles.tsv', { header: ['text', 'audio'], require: ['text', 'audio'] });
 */
export function manifest(path: string, options: ManifestOptions = {}): Pipeline<Row> {
  assertKnownOptions('manifest', options, known);
  assertKnownRoles(options.columns ?? {}, options.require ?? []);
  if (options.format !== undefined) requireOneOf('manifest: format', options.format, ['csv', 'tsv', 'jsonl']);
  const format = options.format ?? extensions[extname(path).toLowerCase()];
  if (format !== 'csv' && format !== 'tsv' && format !== 'jsonl') {
    throw fileError('manifest', path, 'is not called .csv, .tsv or .jsonl', "pass format: 'csv', 'tsv' or 'jsonl'");
  }
  checkDelimiter(format, options);
  const { maximumRow = 2 ** 20 } = options;
  requireInteger('manifest: maximumRow', maximumRow);
  const read = format === 'jsonl' ? jsonRows : tableRows;
  return pipeline<Row>({
    async *iterateFrom(_, start) {
      let index = 0;
      for await (const row of read(path, format, { ...options, maximumRow })) if (index++ >= start) yield row;
    },
  });
}

type ReadOptions = ManifestOptions & { maximumRow: number };

function reader(
  path: string,
  present: readonly string[] | undefined,
  { columns = {}, root, require = [] }: ReadOptions,
) {
  return rowReader(present, { path, columns, require, root: root ?? dirname(path) });
}

async function* tableRows(path: string, format: ManifestFormat, options: ReadOptions): AsyncGenerator<Row> {
  const {
    header,
    maximumRow,
    quote = format === 'csv' ? '"' : false,
    delimiter = format === 'csv' ? ',' : '\t',
  } = options;
  const records = readRecords(path, { delimiter, quote, maximumRow });
  let names: readonly string[] | undefined = header;
  let rows = names && reader(path, checkNames(path, names), options);
  for await (const [record, line] of records) {
    if (!rows || !names) {
      names = withoutEmptyEnd(record.map((name) => name.trim()));
      checkSeparated(path, names);
      rows = reader(path, checkNames(path, names), options);
      continue;
    }
    const width = names.length;
    if (record.length < width || record.slice(width).some((value) => value !== '')) {
      throw fileError(
        'manifest',
        `${path}, line ${line}`,
        `has ${record.length} fields, the header has ${width}`,
        fieldsRemedy(format),
      );
    }
    yield rows.row(fieldsOf(names, record), `${path}, line ${line}`);
  }
  if (!rows) throw fileError('manifest', path, 'is empty', 'the first line must name the columns');
}

/** The fields that have a name. */
function fieldsOf(names: readonly string[], record: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.flatMap((name, i) => (name === '' ? [] : [[name, record[i]]])));
}

/** Spreadsheets write columns behind the last one that were only touched: no names, no values. */
function withoutEmptyEnd(names: readonly string[]): string[] {
  const last = names.findLastIndex((name) => name !== '');
  return names.slice(0, last + 1);
}

/** One column whose name holds another delimiter is a table that was cut at the wrong one. */
function checkSeparated(path: string, names: readonly string[]): void {
  const [only, second] = names;
  if (only === undefined || second !== undefined) return;
  const other = [';', '\t', ',', '|'].find((delimiter) => only.includes(delimiter));
  if (other === undefined) return;
  throw fileError(
    'manifest',
    path,
    `has one column called ${JSON.stringify(only)}: its fields are separated by ${JSON.stringify(other)}`,
    `pass delimiter: ${JSON.stringify(other)}`,
  );
}

function checkDelimiter(format: ManifestFormat, { delimiter, quote }: ManifestOptions): void {
  if (delimiter === undefined) return;
  if (format === 'jsonl') throw new CrossmodalError('manifest: delimiter goes with csv and tsv, not with jsonl');
  if (typeof delimiter !== 'string' || [...delimiter].length !== 1 || ['\n', '\r', quote ?? '"'].includes(delimiter)) {
    throw new CrossmodalError(
      `manifest: delimiter must be one character, neither the quote nor the end of a line, got ${JSON.stringify(delimiter)}`,
    );
  }
}

function fieldsRemedy(format: ManifestFormat): string {
  return format === 'csv'
    ? 'enclose fields that hold commas in double quotes, or pass delimiter'
    : "replace tabs inside fields, or pass quote: '\"'";
}

function checkNames(path: string, names: readonly string[]): readonly string[] {
  const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
  if (twice !== undefined) throw fileError('manifest', path, `has two columns called "${twice}"`, 'rename one of them');
  return names;
}

async function* readRecords(
  path: string,
  { delimiter, quote, maximumRow }: { delimiter: string; quote: string | false; maximumRow: number },
): AsyncGenerator<[string[], number]> {
  const parser = parse({
    delimiter,
    quote,
    escape: quote === false ? null : quote,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true, // counted by the caller, which knows the line
    skip_empty_lines: true,
    max_record_size: maximumRow,
    info: true,
  });
  const source = Readable.from(readText('manifest', path));
  // Errors of either end arrive at the reader of the parser, below.
  connect(source, parser, () => {});
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield [record, info.lines];
    }
  } catch (error) {
    if (CrossmodalError.isInstance(error)) throw error;
    const { lines, code, message } = error as { lines?: number; code?: string; message: string };
    if (lines === undefined) throw readingError('manifest', path, error);
    const [problem, remedy] =
      code === 'CSV_MAX_RECORD_SIZE'
        ? [`has more than ${maximumRow} characters`, 'close an open quote, or raise maximumRow']
        : [message, 'correct the line'];
    throw fileError('manifest', `${path}, line ${lines}`, problem, remedy, error);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

async function* jsonRows(path: string, _: ManifestFormat, options: ReadOptions): AsyncGenerator<Row> {
  const rows = reader(path, undefined, options);
  let empty = true;
  for await (const [line, number] of readLines('manifest', path, options.maximumRow)) {
    if (line.trim() === '') continue;
    empty = false;
    const origin = `${path}, line ${number}`;
    let value: unknown;
    try {
      value = parseJson(line);
    } catch (error) {
      throw fileError(
        'manifest',
        origin,
        `is not JSON (${(error as Error).message})`,
        'each line must be one JSON object',
        error,
      );
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
      throw fileError('manifest', origin, `must be a JSON object, got ${kind}`, 'each line must be one JSON object');
    }
    yield rows.row(value as Record<string, unknown>, origin);
  }
  if (empty) throw fileError('manifest', path, 'is empty', 'each line must be one JSON object');
}
