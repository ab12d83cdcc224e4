import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { assertKnownOptions } from '../known-options.js';
import { fileError } from './files/file-error.js';
import { folderEntries, folderFiles } from './files/walk-folder.js';
import { mediaKind } from './media-kind.js';
import type { Row } from './row.js';

export interface ClassFolder {
  /** Sorted by class, then by path. */
  rows: Row[];
  /** Names of the classes in order: the number of a class is its index here. */
  classes: string[];
}

export interface ClassFolderOptions {
  /**
   * How deep files may lie below the folder of their class.
   * @default 8
   */
  depth?: number;
  /**
   * Files in all.
   * @default 10_000_000
   */
  maximum?: number;
}

const known: Record<keyof ClassFolderOptions, true> = { depth: true, maximum: true };

/**
 * Pictures or recordings in one folder per class: `root/cat/1.jpg` has label `cat`. Links to folders are
 * followed. Names that begin with a dot, and files that are neither image nor audio, are passed over.
 *
 * @throws CrossmodalError when the folder cannot be read, has no sub-folders, a class without files, too many files, a link that leads
 * nowhere, or a picture or recording of a kind that is not read (such as .bmp or .wma).
 * @example const { rows, classes } = await classFolder('flowers');
 */
export async function classFolder(root: string, options: ClassFolderOptions = {}): Promise<ClassFolder> {
  assertKnownOptions('classFolder', options, known);
  const { depth = 8, maximum = 10_000_000 } = options;
  const folders = (await folderEntries('classFolder', root)).filter(({ isFolder }) => isFolder).map(({ name }) => name);
  const classes = folders.map((name) => name.normalize('NFC')); // macOS writes é as two characters
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) {
    throw fileError(
      'classFolder',
      root,
      `has two folders called "${twice}", in different forms of Unicode`,
      'join them',
    );
  }
  if (classes.length === 0) {
    throw fileError(
      'classFolder',
      root,
      'has no folders, so no classes',
      'make one folder per class with its files in it',
    );
  }
  const home = await realpath(root); // a link back to the whole would put every class into one
  const rows: Row[] = [];
  for (const [i, folder] of folders.entries()) {
    const label = classes[i] as string;
    const before = rows.length;
    for await (const path of folderFiles('classFolder', join(root, folder), depth, [home])) {
      const kind = mediaKind(path);
      if (kind !== 'image' && kind !== 'audio') continue;
      if (rows.length >= maximum)
        throw fileError('classFolder', root, `has more than ${maximum} files`, 'raise maximum');
      rows.push({ origin: path, [kind]: path, label, texts: [], fields: {} });
    }
    if (rows.length === before) {
      throw fileError(
        'classFolder',
        join(root, folder),
        'holds no image or audio files',
        'remove the folder, or put files into it',
      );
    }
  }
  return { rows, classes };
}
