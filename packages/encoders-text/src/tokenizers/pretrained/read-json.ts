import { readFile } from 'node:fs/promises';
import { CrossmodalError } from '@crossmodal/core';

/** The contents of a JSON file. @throws CrossmodalError naming the file when it is empty or not JSON */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  if (text.trim() === '')
    throw new CrossmodalError(`loadTokenizer: ${path} is empty`, { remedy: 'copy the file again' });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CrossmodalError(`loadTokenizer: ${path} is not JSON: ${(cause as Error).message}`, {
      remedy: 'it may be cut short, or a pointer file of Git LFS: fetch the real one',
      cause,
    });
  }
}
