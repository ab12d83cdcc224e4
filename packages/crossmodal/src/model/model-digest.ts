import { createHash } from 'node:crypto';
import type { ModelFile } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';

const pieceBytes = 2 ** 23;

/**
 * SHA-256 of what decides the vectors of a model: weights, configuration and vocabulary, with their names. The model card is none of it;
 * nor are weights of other libraries that lie beside safetensors files.
 *
 * @returns in hexadecimal
 * @throws CrossmodalError when the folder is not there
 */
export async function modelDigest(folder: string): Promise<string> {
  const files = await openFolder(folder);
  const names = [...files.keys()].sort();
  const kinds = names.some((name) => name.endsWith('.safetensors'))
    ? /\.(json|txt|model|safetensors)$/
    : /\.(json|txt|model|bin|pt|pth)$/;
  const hash = createHash('sha256');
  for (const name of names.filter((name) => kinds.test(name))) {
    const file = files.get(name) as ModelFile;
    hash.update(`${name}\0${file.size}\0`);
    for (let from = 0; from < file.size; from += pieceBytes) {
      hash.update(await file.read(from, Math.min(file.size, from + pieceBytes)));
    }
  }
  return hash.digest('hex');
}
