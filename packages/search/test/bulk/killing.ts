import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localFolder, openFileStore, readShards, type StoredItem } from '@crossmodal/search';
import { isBroken, vectorOf } from './work.js';

const program = fileURLToPath(new URL('./work.ts', import.meta.url));

/** Starts the work; kills it so many milliseconds after it has begun to embed, unless it is done by then. True when it was done. */
function run(kind: string, folder: string, count: number, killAfter: number | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const args = ['--conditions=@crossmodal/source', '--import', 'tsx', program, 'work', kind, folder, String(count)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (part: Buffer) => {
      errors += part;
    });
    let timer: NodeJS.Timeout | undefined;
    // Starting Node takes longer than all of the work, so the time counts from the first item.
    child.stdout.once('data', () => {
      if (killAfter !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), killAfter);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(true);
      else if (signal === 'SIGKILL') resolve(false);
      else reject(new Error(`the work failed: ${errors}`));
    });
  });
}

async function itemsOf(kind: string, folder: string): Promise<StoredItem[]> {
  const items: StoredItem[] = [];
  if (kind === 'shards') {
    for await (const item of readShards(localFolder(join(folder, 'shards'), { create: true }))) items.push(item);
    return items;
  }
  const store = await openFileStore(join(folder, 'store'), { readOnly: true });
  for await (const item of store.items()) items.push(item);
  await store.close();
  return items;
}

async function countOf(kind: string, folder: string): Promise<number> {
  return (await itemsOf(kind, folder)).length;
}

export interface KillReport {
  kills: number;
  /** Items that were there after each kill. */
  progress: number[];
  missing: number[];
  twice: string[];
  wrong: string[];
  /** Broken items that the quarantine list names. */
  quarantined: number;
}

/**
 * Works on a list with a process that is killed again and again, until it was killed so often, and then to the end; says what is
 * missing, twice or wrong.
 *
 * @param kind `store` or `shards`
 * @param delay milliseconds until the next kill
 */
export async function workKilled(
  kind: string,
  folder: string,
  { count, kills, delay }: { count: number; kills: number; delay: () => number },
): Promise<KillReport> {
  let killed = 0;
  const progress: number[] = [];
  while (killed < kills) {
    if (await run(kind, folder, count, delay()))
      throw new Error(`the work was done after ${killed} kills: it is too short`);
    killed++;
    progress.push(await countOf(kind, folder));
  }
  if (!(await run(kind, folder, count, undefined))) throw new Error('the last run was killed');
  const items = await itemsOf(kind, folder);
  const ids = items.map(({ id }) => id);
  const wanted = Array.from({ length: count }, (_, i) => i).filter((i) => !isBroken(i));
  const there = new Set(ids);
  const once = new Set(ids);
  const lines = (await readFile(join(folder, 'quarantine.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line.includes('"reason"'));
  return {
    kills: killed,
    progress,
    missing: wanted.filter((i) => !there.has(`item ${i}`)),
    twice: ids.filter((id) => !once.delete(id)),
    wrong: items
      .filter(({ id, vector }) => vectorOf(Number(id.slice(5))).some((value, d) => value !== vector[d]))
      .map(({ id }) => id),
    quarantined: new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size,
  };
}
