import { CrossmodalError } from '@crossmodal/core';
import { readers } from './readers.js';
import type { Kind } from './specimens.js';

/** What became of a file. */
export interface Outcome {
  accepted: boolean;
  message?: string;
  /** False for an error that is not one of ours: it was not foreseen. */
  foreseen?: boolean;
  /** Largest resident memory of the process so far, in bytes. */
  memory: number;
}

// Runs in a process of its own, so that a crash, a hang or a flood of memory is seen from outside.
process.on('message', async ({ path, kind }: { path: string; kind: Kind }) => {
  let outcome: Omit<Outcome, 'memory'>;
  try {
    await readers[kind](path);
    outcome = { accepted: true };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    outcome = { accepted: false, message, foreseen: CrossmodalError.isInstance(error) };
  }
  process.send?.({ ...outcome, memory: process.resourceUsage().maxRSS * 1024 });
});
