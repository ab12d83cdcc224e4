import { join, relative } from 'node:path';
import { requireOneOf } from '../checks.js';
import { assertKnownOptions } from '../known-options.js';
import { fileError } from './files/file-error.js';
import { lineEnd, readWholeText } from './files/read-text.js';
import { folderFiles } from './files/walk-folder.js';
import { mediaKind } from './media-kind.js';
import { type Pipeline, pipeline } from './pipeline.js';
import type { Row } from './row.js';

export interface PairedFolderOptions {
  /**
   * Files in all.
   * @default 10_000_000
   */
  maximum?: number;
  /**
   * Kinds that each row must have; a row without them is passed over unless `incomplete` says otherwise.
   * @default []
   */
  require?: readonly ('text' | 'image' | 'audio')[];
  /** @default 'skip' */
  incomplete?: 'skip' | 'throw';
}

const known: Record<keyof PairedFolderOptions, true> = { maximum: true, require: true, incomplete: true };

/** Folders in folders; no archive of pictures is deeper. */
const maximumDepth = 64;

/**
 * Files of one folder, and of folders in it, that share a name up to the extension: `a/7.jpg`, `a/7.txt` and `a/7.wav` are
 * one row. A text file holds one text per line: several captions. Texts are read when the row comes.
 *
 * @throws CrossmodalError when the folder cannot be read, holds nothing of use or too much, or two files of one kind share
 * a name; while rows come, when a text file is not UTF-8.
 * @example const rows = await pairedFolder('holiday', { require: ['image', 'text'] });
 */
export async function pairedFolder(root: string, options: PairedFolderOptions = {}): Promise<Pipeline<Row>> {
  assertKnownOptions('pairedFolder', options, known);
  const { maximum = 10_000_000, require = [], incomplete = 'skip' } = options;
  requireOneOf('pairedFolder: incomplete', incomplete, ['throw', 'skip']);
  const files: string[] = [];
  for await (const path of folderFiles('pairedFolder', root, maximumDepth)) files.push(relative(root, path));
  const groups = new Map<string, { text?: string; image?: string; audio?: string }>();
  for (const file of files.sort()) {
    const kind = mediaKind(file);
    if (!kind) continue;
    // macOS writes é as two characters: both forms are one name.
    const key = file.slice(0, file.lastIndexOf('.')).normalize('NFC');
    const group = groups.get(key) ?? {};
    const other = group[kind];
    if (other !== undefined) {
      throw fileError(
        'pairedFolder',
        root,
        `${other} and ${file} would both be the ${kind} of "${key}"`,
        'rename one of them',
      );
    }
    group[kind] = file;
    groups.set(key, group);
    if (groups.size > maximum) throw fileError('pairedFolder', root, `has more than ${maximum} names`, 'raise maximum');
  }
  const rows = [...groups].filter(([key, group]) => {
    const lacking = require.find((kind) => group[kind] === undefined);
    if (lacking === undefined) return true;
    if (incomplete === 'skip') return false;
    throw fileError('pairedFolder', root, `"${key}" has no ${lacking} file`, "add it, or pass incomplete: 'skip'");
  });
  if (rows.length === 0) {
    throw fileError(
      'pairedFolder',
      root,
      `holds no ${require.join(' and ') || 'image, audio or text'} files`,
      'check the path',
    );
  }
  return pipeline(rows).map(async ([key, { text, image, audio }]): Promise<Row> => {
    const content = text === undefined ? '' : await readWholeText('pairedFolder', join(root, text));
    const texts = content
      .split(lineEnd)
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const path = (file: string | undefined) => (file === undefined ? undefined : join(root, file));
    return { origin: join(root, key), text: texts[0], texts, image: path(image), audio: path(audio), fields: {} };
  });
}
