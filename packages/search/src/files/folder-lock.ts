import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { notWritten } from '@crossmodal/core/safetensors/files';

interface Owner {
  process: number;
  host: string;
  /** When the process began, where the system tells: another process may have the same number later. */
  began?: string;
}

// One for the process, though it may have loaded this package twice; its other threads have registers of their own.
const register = Symbol.for('@crossmodal/search folders written to');
const globals = globalThis as unknown as Record<symbol, Set<string> | undefined>;
globals[register] ??= new Set<string>();
const own = globals[register];

/**
 * Makes this process the only one that writes to a folder, by a file that names it. The file of a process that is gone, killed
 * perhaps, is taken over.
 *
 * @returns what gives the folder back
 * @throws CrossmodalError when another process writes to it, or another store of this one
 */
export async function lockFolder(where: string, folder: string): Promise<() => Promise<void>> {
  const path = join(resolve(folder), 'writer.lock');
  const refuse = (who: string) =>
    new CrossmodalError(`${where}: ${folder} is being written to by ${who}`, {
      remedy: `close it there, or open the store with readOnly: true; if nobody writes, remove ${path}`,
    });
  if (own.has(path)) throw refuse('this process, by another store');
  own.add(path);
  try {
    for (let attempt = 0; ; attempt++) {
      const made = await create(path).catch((error) => {
        throw notWritten(`${where}: ${path}`, error);
      });
      if (made) break;
      const owner = await readOwner(path);
      if (owner && ((await isAlive(owner)) || attempt > 10)) throw refuse(`process ${owner.process} on ${owner.host}`);
      await takeAway(path, owner);
    }
  } catch (error) {
    own.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    own.delete(path);
  };
}

async function create(path: string): Promise<boolean> {
  // The file is there with its content or not at all: linking fails when the name is taken.
  const temporary = `${path}-${randomUUID()}`;
  const file = await open(temporary, 'wx');
  try {
    const began = await beginOf(process.pid);
    const owner: Owner = { process: process.pid, host: hostname(), ...(began === undefined ? {} : { began }) };
    await file.writeFile(JSON.stringify(owner));
  } finally {
    await file.close();
  }
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** When a process began, in ticks since the machine did; undefined where the system does not tell (only Linux does). */
async function beginOf(id: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => undefined);
  // The name of the program, in parentheses, may hold spaces: the beginning is the twentieth number after it.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

async function isAlive({ process: id, host, began }: Owner): Promise<boolean> {
  if (host !== hostname()) return true; // nothing is known of it
  if (began !== undefined) return (await beginOf(id)) === began;
  // Of this number, but not in the register of this process: a former one.
  if (id === process.pid) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Removes the file of a process that is gone, unless another process was faster and has put its own there. */
async function takeAway(path: string, seen: Owner | undefined): Promise<void> {
  const aside = `${path}-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readOwner(aside);
  if (moved && JSON.stringify(moved) !== JSON.stringify(seen) && (await isAlive(moved))) await rename(aside, path);
  else await rm(aside, { force: true });
}
