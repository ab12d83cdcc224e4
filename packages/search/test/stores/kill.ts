import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Random } from '@crossmodal/core';
import type { KillOutcome } from './conformance.js';

const child = fileURLToPath(new URL('kill-child.ts', import.meta.url));

/** Runs a process that writes to a store, and kills it at a random moment of a random write. */
export function killWriter(kind: string, place: string, name: string, seed: number): Promise<KillOutcome> {
  const random = new Random(seed);
  const writes = 1 + random.integer(15);
  return new Promise((resolve, reject) => {
    const args = ['--conditions=@crossmodal/source', '--import', 'tsx', child, kind, place, name];
    const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    let doomed = false;
    const committed = () => Number(/committed (\d+)\n(?!.*committed \d+\n)/s.exec(output)?.[1] ?? 0);
    writer.stderr.on('data', (part: Buffer) => {
      errors += part;
    });
    writer.stdout.on('data', (part: Buffer) => {
      output += part;
      if (doomed || committed() < writes) return;
      doomed = true;
      setTimeout(() => writer.kill('SIGKILL'), 4 * random.uniform());
    });
    writer.on('error', reject);
    writer.on('close', (_, signal) => {
      if (signal === 'SIGKILL' && doomed) resolve({ committed: committed() });
      else reject(new Error(`the writing process ended by itself: ${errors}`));
    });
  });
}
