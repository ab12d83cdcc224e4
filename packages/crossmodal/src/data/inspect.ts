import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CrossmodalError } from '@crossmodal/core';
import { mapConcurrently, type Row } from '@crossmodal/core/data';
import { decodeSound } from '@crossmodal/encoders-audio';
import { decodeImage } from '@crossmodal/encoders-vision';
import { fileKind } from './files.js';
import { type Item, itemsOf, modalitiesOf } from './item.js';
import type { DataSource } from './source.js';
import { splitNamed } from './splits.js';

/** A file that cannot be used, and why. */
export interface BrokenFile {
  file: string;
  reason: string;
}

/** What a data set is, before anything is trained on it. */
export interface Inspection {
  kind: string;
  description: string;
  root: string;
  rows: number;
  /** Rows of one picture or recording are one item. */
  items: number;
  /** Items that have each modality. */
  modalities: Record<'image' | 'text' | 'audio', number>;
  texts: { total: number; distinct: number };
  labels: number;
  /** Items by the name of their split; those without are under "". */
  splits: Record<string, number>;
  /** Splits whose names are not understood. */
  unknownSplits: string[];
  /** Files with the same content, each list two or more. */
  duplicates: string[][];
  /** How many of these lists reach over several splits: what is tested on was trained on. */
  duplicatesAcrossSplits: number;
  broken: BrokenFile[];
  examples: { image?: string; audio?: string; text?: string; label?: string }[];
  /** The items whose files can all be read. */
  usable: Item[];
}

export interface InspectOptions {
  /** Told how many files were looked at. */
  onProgress?: (done: number, total: number) => void;
  /** Opens and decodes every file; otherwise nothing is said about broken files and duplicates. */
  decode?: boolean;
  signal?: AbortSignal;
}

/**
 * Reads all rows, opens every picture and recording once, and says what is there.
 *
 * @throws CrossmodalError what reading the rows throws; a file that cannot be used is no error, but listed
 */
export async function inspectData(
  source: DataSource,
  { onProgress, decode = true, signal }: InspectOptions = {},
): Promise<Inspection> {
  const rows: Row[] = [];
  for await (const row of source.rows()) rows.push(row);
  const items = itemsOf(rows);
  const files = new Map<string, Item[]>();
  for (const item of items) {
    for (const file of [item.image, item.audio]) {
      if (typeof file === 'string') files.set(file, [...(files.get(file) ?? []), item]);
    }
  }
  const checked = decode
    ? await checkFiles([...files.keys()], { onProgress, signal })
    : { broken: [], byContent: new Map<string, string[]>() };
  const bad = new Set(checked.broken.map(({ file }) => file));
  const usable = items.filter((item) => ![item.image, item.audio].some((file) => bad.has(file as string)));
  const duplicates = [...checked.byContent.values()].filter((same) => same.length > 1);
  const splitsOf = (same: readonly string[]) =>
    new Set(same.flatMap((file) => (files.get(file) ?? []).map((item) => splitNamed(item.split) ?? item.split)));
  const splits: Record<string, number> = {};
  for (const item of items) splits[item.split ?? ''] = (splits[item.split ?? ''] ?? 0) + 1;
  const texts = items.flatMap((item) => item.texts);
  const count = (modality: 'image' | 'text' | 'audio') =>
    items.filter((item) => modalitiesOf(item).includes(modality)).length;
  return {
    kind: source.kind,
    description: source.description,
    root: source.root,
    rows: rows.length,
    items: items.length,
    modalities: { image: count('image'), text: count('text'), audio: count('audio') },
    texts: { total: texts.length, distinct: new Set(texts).size },
    labels: new Set(items.flatMap((item) => (item.label === undefined ? [] : [item.label]))).size,
    splits,
    unknownSplits: Object.keys(splits).filter((name) => name !== '' && splitNamed(name) === undefined),
    duplicates,
    duplicatesAcrossSplits: duplicates.filter((same) => splitsOf(same).size > 1).length,
    broken: checked.broken,
    examples: items.slice(0, 3).map(exampleOf),
    usable,
  };
}

function exampleOf({ image, audio, text, label }: Item): Inspection['examples'][number] {
  const parts = { image, audio, text, label };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => typeof part === 'string'));
}

async function checkFiles(
  files: readonly string[],
  { onProgress, signal }: Pick<InspectOptions, 'onProgress' | 'signal'>,
): Promise<{ broken: BrokenFile[]; byContent: Map<string, string[]> }> {
  const broken: BrokenFile[] = [];
  const byContent = new Map<string, string[]>();
  let done = 0;
  await mapConcurrently(files, async (file) => {
    signal?.throwIfAborted();
    const { reason, hash } = await checkFile(file);
    if (reason !== undefined) broken.push({ file, reason });
    else byContent.set(hash, [...(byContent.get(hash) ?? []), file]);
    onProgress?.(++done, files.length);
  });
  broken.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { broken, byContent };
}

async function checkFile(file: string): Promise<{ reason?: string; hash: string }> {
  const kind = fileKind(file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      reason: code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`,
      hash: '',
    };
  }
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (kind === 'unreadable') return { reason: 'is of a kind that is not read: convert it', hash };
  if (bytes.length === 0) return { reason: 'is empty', hash };
  try {
    if (kind === 'audio') await decodeSound(bytes, { source: file });
    else await decodeImage(bytes, { size: 32 });
    return { hash };
  } catch (error) {
    return { reason: reasonOf(error, file), hash };
  }
}

/** What is wrong, without the name of the function and of the file, which stand beside it. */
function reasonOf(error: unknown, file: string): string {
  const message = CrossmodalError.isInstance(error) ? error.message : String((error as Error)?.message ?? error);
  const line = message.split('\n')[0] as string;
  return (
    line
      .replace(/^\w+: (?=\S)/, '')
      .replace(`${file}: `, '')
      .replace(`${file} `, '')
      .slice(0, 200) || 'cannot be decoded'
  );
}
