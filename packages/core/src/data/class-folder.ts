import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assertKnownOptions } from '../known-options.js';
import { fileError, readingError } from './files/file-error.js';
import { mediaKind } from './media-kind.js';
import type { Row } from './row.js';

export interface ClassFolder {
  /** Sorted by class, then by path. */
  rows: Row[];
  /** Names of the classes in order: the number of a class is its index here. */
  classes: string[];
}

export interface ClassFolderOptions {
  /** How deep files may lie below the folder of their class; links to folders are not followed. */
  depth?: number;
  /** Files in all. */
  maximum?: number;
}

const known: Record<keyof ClassFolderOptions, true> = { depth: true, maximum: true };

/**
 * Pictures or recordings in one folder per class: `root/cat/1.jpg` has label `cat`. Names that begin with a dot, and files
 * that are neither image nor audio, are passed over.
 *
 * @throws CrossmodalError when the folder cannot be read, has no sub-folders, a class without files, or too many files.
 * @example const { rows, classes } = await classFolder('flowers');
 */
export async function classFolder(root: string, options: ClassFolderOptions = {}): Promise<ClassFolder> {
  assertKnownOptions('classFolder', options, known);
  const { depth = 8, maximum = 10_000_000 } = options;
  const classes = (await entries(root)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (classes.length === 0) {
    throw fileError(
      'classFolder',
      root,
      'has no folders, so no classes',
      'make one folder per class with its files in it',
    );
  }
  const rows: Row[] = [];
  for (const label of classes) {
    const before = rows.length;
    for await (const path of mediaFiles(join(root, label), depth)) {
      if (rows.length >= maximum)
        throw fileError('classFolder', root, `has more than ${maximum} files`, 'raise maximum');
      const kind = mediaKind(path) as 'image' | 'audio';
      rows.push({ origin: path, [kind]: path, label, texts: [], fields: {} });
    }
    if (rows.length === before) {
      throw fileError(
        'classFolder',
        join(root, label),
        'holds no image or audio files',
        'remove the folder, or put files into it',
      );
    }
  }
  return { rows, classes };
}

async function entries(folder: string): Promise<Dirent[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true });
    return found.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw readingError('classFolder', folder, error);
  }
}

async function* mediaFiles(folder: string, depth: number): AsyncGenerator<string> {
  for (const entry of await entries(folder)) {
    const path = join(folder, entry.name);
    const kind = mediaKind(entry.name);
    if (entry.isDirectory() && depth > 0) yield* mediaFiles(path, depth - 1);
    else if (!entry.isDirectory() && (kind === 'image' || kind === 'audio')) yield path;
  }
}
