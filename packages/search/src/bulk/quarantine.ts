import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { notWritten } from '@crossmodal/core/safetensors/files';
import type { QuarantinedItem } from './sink.js';

const refused = (path: string) => (error: unknown) => {
  throw notWritten(`bulkEmbed: ${path}`, error);
};

/** The list of items that could not be embedded: a JSON line each, appended as they come. */
export class Quarantine {
  readonly #path: string | undefined;
  readonly #ids: Set<string>;
  readonly #broken: boolean;

  private constructor(path: string | undefined, ids: Set<string>, broken: boolean) {
    this.#path = path;
    this.#ids = ids;
    this.#broken = broken;
  }

  /** Reads the list, if there is one. A last line that a killed process left unfinished is passed over. */
  static async open(path: string | undefined): Promise<Quarantine> {
    if (path === undefined) return new Quarantine(undefined, new Set(), false);
    await mkdir(dirname(path), { recursive: true }).catch(refused(path));
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return '';
      throw new CrossmodalError(`bulkEmbed: ${path} cannot be read (${cause.code})`, { cause });
    });
    const ids = new Set<string>();
    for (const line of text.split('\n')) {
      try {
        if (line !== '') ids.add((JSON.parse(line) as QuarantinedItem).id);
      } catch {
        // Cut by the end of the process that wrote it; its item is tried again.
      }
    }
    return new Quarantine(path, ids, text !== '' && !text.endsWith('\n'));
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  async add(items: readonly QuarantinedItem[]): Promise<void> {
    if (items.length === 0) return;
    for (const { id } of items) this.#ids.add(id);
    if (this.#path === undefined) return;
    const lines = items.map((item) => `${JSON.stringify(item)}\n`).join('');
    await appendFile(this.#path, this.#broken ? `\n${lines}` : lines).catch(refused(this.#path));
  }
}
