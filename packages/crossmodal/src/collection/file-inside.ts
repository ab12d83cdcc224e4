import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

/**
 * The path of a file below a folder, with links followed; undefined when there is none, or it lies outside.
 *
 * @param file relative, from an index that may not be trusted
 */
export async function fileInside(folder: string, file: string): Promise<string | undefined> {
  try {
    const [path, base] = await Promise.all([realpath(resolve(folder, file)), realpath(folder)]);
    return path.startsWith(base + sep) ? path : undefined;
  } catch {
    return undefined;
  }
}
