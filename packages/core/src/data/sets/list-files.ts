import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, readingError } from '../files/file-error.js';

/** Paths of the files of a folder with the given ending, sorted. @throws CrossmodalError when there are none. */
export async function listFiles(where: string, folder: string, ending: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw readingError(where, folder, error);
  }
  const found = names.filter((name) => name.toLowerCase().endsWith(ending) && !name.startsWith('.')).sort();
  if (found.length === 0) throw fileError(where, folder, `holds no ${ending} files`, 'check the path');
  return found.map((name) => join(folder, name));
}
