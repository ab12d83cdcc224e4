import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { writeAtomically } from '@crossmodal/core/safetensors/files';

/** Where the outcome of a training lies; what the name of a file cannot hold becomes a hyphen. */
export function partFile(folder: string, name: string): string {
  return join(folder, `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.json`);
}

/**
 * The outcome of a training from its file, or made and written there.
 *
 * @throws CrossmodalError when the file is there and is not JSON.
 */
export async function readOrMake<T>(folder: string, name: string, make: () => Promise<T>): Promise<T> {
  const file = partFile(folder, name);
  if (existsSync(file)) {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as T;
    } catch (cause) {
      throw new CrossmodalError(`bench: ${file} cannot be read as JSON`, {
        remedy: 'remove it; what it held is trained again',
        cause,
      });
    }
  }
  const outcome = await make();
  await mkdir(folder, { recursive: true });
  await writeAtomically(file, `${JSON.stringify(outcome)}\n`, { where: 'bench' });
  return outcome;
}
