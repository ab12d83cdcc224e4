import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import { temporaryPrefix, writeAtomically } from '@crossmodal/core/safetensors/files';

/** What the manifest keeps of each file. */
interface Entry {
  readonly bytes: number;
  readonly sha256: string;
}

/** Told about progress and about what was found wrong. */
export interface CacheWatcher {
  progress?: (done: number, total: number) => void;
  notice?: (line: string) => void;
}

const manifestName = 'manifest.json';

/** The manifest is written each time that so many files were made, so that a run cut short loses few. */
const filesPerManifest = 500;

/**
 * A folder of files that are made once. `manifest.json` lists the size and SHA-256 of each; it carries a key that says
 * how the files were made, and a folder with another key is emptied. Files and manifest are written beside their place
 * and moved into it, so a run that is cut short leaves nothing half written under a final name; a file that is missing,
 * short or altered all the same is found by its checksum and made again.
 */
export class FileCache {
  readonly folder: string;
  readonly #entries: Map<string, Entry>;
  readonly #key: string;
  readonly #verified = new Set<string>();
  #notices: string[];

  private constructor(folder: string, key: string, entries: Map<string, Entry>, notices: string[]) {
    this.folder = folder;
    this.#key = key;
    this.#entries = entries;
    this.#notices = notices;
  }

  /**
   * Opens the cache, empty when there is none.
   *
   * @param folder where the files lie; made when missing.
   * @param key says how the files are made; another key empties the folder.
   * @throws CrossmodalError when the folder cannot be made or emptied.
   */
  static async open(folder: string, key: string): Promise<FileCache> {
    const file = join(folder, manifestName);
    const entries = new Map<string, Entry>();
    const notices: string[] = [];
    try {
      await mkdir(folder, { recursive: true });
      if (existsSync(file)) {
        const found = parseManifest(await readFile(file, 'utf8'));
        if (found?.key === key) for (const [name, entry] of Object.entries(found.files)) entries.set(name, entry);
        else {
          if (found === undefined) notices.push(`cache: ${file} is damaged; its files are made again`);
          await rm(folder, { recursive: true, force: true });
          await mkdir(folder, { recursive: true });
        }
      }
      await removeAbandoned(folder);
    } catch (cause) {
      throw new CrossmodalError(`cache: the folder ${folder} cannot be used (${(cause as Error).message})`, {
        remedy: 'make it writable, or name another one with --cache DIR',
        cause,
      });
    }
    return new FileCache(folder, key, entries, notices);
  }

  /** Where a file of this name lies. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Names in the manifest. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Makes sure that files are there and whole.
   *
   * @param names the files wanted.
   * @param make makes some of them: called once with the names that are missing or damaged, it hands each over to `put`.
   * @returns the paths, in the order of the names.
   * @throws what `make` throws; what was put before is kept.
   */
  async ensure(
    names: readonly string[],
    make: (missing: string[], put: (name: string, bytes: Uint8Array) => Promise<void>) => Promise<void>,
    { progress, notice }: CacheWatcher = {},
  ): Promise<string[]> {
    for (const line of this.#notices.splice(0)) notice?.(line);
    const states = await mapConcurrently(names, (name) => this.#state(name), { concurrency: 16 });
    const missing = [...new Set(names.filter((_, index) => states[index] !== 'whole'))];
    const damaged = states.filter((state) => state === 'damaged').length;
    if (damaged > 0) {
      notice?.(`cache: ${damaged} of ${names.length} files in ${this.folder} were missing or cut short; made again`);
    }
    if (missing.length > 0) {
      let done = 0;
      const release = cleanUpWhenStopped(this.folder);
      try {
        progress?.(0, missing.length);
        await make(missing, async (name, bytes) => {
          await this.#put(name, bytes);
          progress?.(++done, missing.length);
          if (done % filesPerManifest === 0) await this.#writeManifest();
        });
      } finally {
        await this.#writeManifest();
        release();
      }
      const absent = missing.filter((name) => !this.#verified.has(name));
      if (absent.length > 0)
        throw new Error(`internal: ${absent.length} files were not made, the first is ${absent[0]}`);
    }
    return names.map((name) => this.path(name));
  }

  async #state(name: string): Promise<'whole' | 'missing' | 'damaged'> {
    const entry = this.#entries.get(name);
    if (!entry) return 'missing';
    if (this.#verified.has(name)) return 'whole';
    try {
      const bytes = await readFile(this.path(name));
      if (bytes.length !== entry.bytes || sha256(bytes) !== entry.sha256) return 'damaged';
    } catch {
      return 'damaged';
    }
    this.#verified.add(name);
    return 'whole';
  }

  async #put(name: string, bytes: Uint8Array): Promise<void> {
    await write(this.path(name), bytes);
    this.#entries.set(name, { bytes: bytes.length, sha256: sha256(bytes) });
    this.#verified.add(name);
  }

  async #writeManifest(): Promise<void> {
    const files = Object.fromEntries([...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    await write(join(this.folder, manifestName), `${JSON.stringify({ key: this.#key, files })}\n`);
  }
}

/**
 * Until released, a process that is told to stop removes first what it has half written in the folder. No longer than that: a signal that
 * is listened to waits for the event loop, which training leaves seldom.
 */
function cleanUpWhenStopped(folder: string): () => void {
  const stop = (signal: NodeJS.Signals) => {
    for (const name of readdirSync(folder, { recursive: true }) as string[]) {
      if (basename(name).startsWith(`${temporaryPrefix}${process.pid}-`)) rmSync(join(folder, name), { force: true });
    }
    release();
    process.kill(process.pid, signal); // as it would have ended without us
  };
  const release = () => {
    for (const signal of stopSignals) process.off(signal, stop);
  };
  for (const signal of stopSignals) process.on(signal, stop);
  return release;
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const;

/** Removes half-written files of runs that were killed; younger than ten minutes, they may belong to a run under way. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((path) => basename(path).startsWith(temporaryPrefix))) {
    const file = join(folder, name);
    const written = (await stat(file).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (Date.now() - written > 600_000) await rm(file, { force: true });
  }
}

/** Not flushed: what a power cut spoils is found by its checksum, and made again. */
async function write(file: string, content: Uint8Array | string): Promise<void> {
  await writeAtomically(file, content, { where: 'cache', durable: false });
}

function parseManifest(text: string): { key: string; files: Record<string, Entry> } | undefined {
  try {
    const { key, files } = JSON.parse(text) as { key: unknown; files: unknown };
    if (typeof key !== 'string' || typeof files !== 'object' || files === null) return undefined;
    return { key, files: files as Record<string, Entry> };
  } catch {
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
