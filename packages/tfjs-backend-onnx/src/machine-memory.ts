import os from 'node:os';

let bytes: number | undefined;

/** Bytes that the process may use: those of its container where it runs in one, else of the machine. */
export function machineMemory(): number {
  bytes ??= leastOf(process.constrainedMemory(), os.totalmem());
  return bytes;
}

/** Without a limit the system says 0, or more than there is. */
const leastOf = (limit: number, total: number): number => (limit > 0 ? Math.min(limit, total) : total);
