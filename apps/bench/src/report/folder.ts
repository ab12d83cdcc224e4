import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';

/**
 * Makes the folder of the report and writes to it once, so that training does not begin when its results could not be kept.
 *
 * @throws CrossmodalError when the folder cannot be made or written to.
 */
export async function prepareReportFolder(folder: string): Promise<void> {
  const file = join(folder, `.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(file, 'test');
    await rm(file);
  } catch (cause) {
    await rm(file, { force: true }).catch(() => {}); // the first failure is what counts
    throw new CrossmodalError(`bench: the report folder ${folder} cannot be written to (${(cause as Error).message})`, {
      remedy: 'make it writable, or name another one with --out DIR',
      cause,
    });
  }
}
