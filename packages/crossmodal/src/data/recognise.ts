import { basename, dirname, extname, join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { filesBelow, pathKind } from './files.js';
import { folderSource } from './folder.js';
import { shardSource } from './shards.js';
import type { ColumnChoice, DataSource } from './source.js';
import { isTable, splitOfFile, tableSource } from './table.js';
import { cocoSource, commonVoiceSource, flickrSource, ljSpeechSource } from './well-known.js';

export interface RecogniseOptions {
  /** Which column holds what, where it is not to be guessed. */
  columns?: ColumnChoice;
  /** Where tar shards are unpacked. */
  cache?: string;
}

/**
 * Says how data are laid out, and how to read them: a folder of files with texts beside them, class folders, CSV, TSV or JSON lines
 * with any columns, tar shards, COCO captions, Flickr8k and Flickr30k, LJSpeech, Common Voice.
 *
 * @param path a folder, or a file of one of these kinds
 * @throws CrossmodalError when there is nothing, or nothing of use, saying what is understood
 */
export async function recogniseData(
  path: string,
  { columns = {}, cache = '.crossmodal' }: RecogniseOptions = {},
): Promise<DataSource> {
  const kind = await pathKind(path);
  if (kind === undefined) throw new CrossmodalError(`data: ${path} does not exist`, { remedy: 'check the path' });
  const source =
    kind === 'file' ? await fileSource(path, { columns, cache }) : await dataFolderSource(path, { columns, cache });
  if (source) return source;
  throw new CrossmodalError(`data: ${path}: nothing in it is recognised`, {
    remedy:
      'give a folder of pictures or recordings (texts beside them, or one folder per class), a CSV, TSV or JSON-lines file, .tar shards, COCO captions, Flickr30k, LJSpeech or Common Voice',
  });
}

type Options = Required<RecogniseOptions>;

async function fileSource(path: string, { columns, cache }: Options): Promise<DataSource | undefined> {
  const extension = extname(path).toLowerCase();
  if (extension === '.tar' || path.endsWith('.tar.gz')) return shardSource([path], { cache });
  if (extension === '.json') return cocoSource(path);
  const plain = Object.values(columns).every((name) => name === undefined);
  if (plain && ['.csv', '.txt', '.token'].includes(extension)) {
    const flickr = await flickrSource(path);
    if (flickr) return flickr;
  }
  if (!isTable(path)) return undefined;
  const speech = plain ? ((await commonVoiceSource(path)) ?? (await ljSpeechSource(path))) : undefined;
  return speech ?? tableSource(path, columns);
}

async function dataFolderSource(path: string, options: Options): Promise<DataSource | undefined> {
  const files = await filesBelow(path);
  const near = files.filter((file) => file.split(/[\\/]/).length <= 2);
  const shards = near.filter((file) => /\.tar(\.gz)?$/.test(file)).map((file) => join(path, file));
  const described = near.filter((file) => isTable(file) || /\.token(\.txt)?$/.test(file) || isCaptionFile(file));
  const sources: DataSource[] = [];
  const refused: string[] = [];
  for (const file of chosenTables(described)) {
    try {
      const source = await fileSource(join(path, file), options);
      if (source) sources.push(source);
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  if (sources.length > 0) return joined(path, sources);
  if (shards.length > 0 && !files.some((file) => described.includes(file))) return shardSource(shards, options);
  const folder = folderSource(path, files);
  if (folder) return folder;
  if (refused.length > 0) throw new CrossmodalError(`data: ${path}: ${refused[0]}`);
  return undefined;
}

function isCaptionFile(file: string): boolean {
  return /^captions.*\.json$/i.test(basename(file)) || /^dataset.*\.json$/i.test(basename(file));
}

/** Of several tables those that are splits of one set, else the one nearest to the top; a `validated.tsv` holds what the splits hold. */
function chosenTables(files: readonly string[]): readonly string[] {
  const splits = files.filter((file) => splitOfFile(file) !== undefined);
  if (splits.length > 0 && new Set(splits.map((file) => dirname(file))).size === 1) return splits;
  const depth = (file: string) => file.split(/[\\/]/).length;
  const top = [...files].sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))[0];
  return top === undefined ? [] : [top];
}

function joined(path: string, sources: readonly DataSource[]): DataSource {
  const [first, ...others] = sources as [DataSource, ...DataSource[]];
  if (others.length === 0) return first;
  return {
    kind: first.kind,
    description: `${sources.length} files; ${first.description}`,
    root: path,
    async *rows() {
      for (const source of sources) yield* source.rows();
    },
  };
}
