import { CrossmodalError } from '@crossmodal/core';
import { CommanderError } from 'commander';
import { buildProgram } from './program.js';
import { processTerminal, type Terminal } from './terminal.js';

/** What a process answers to the shell. */
export const exitCodes = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs the command line.
 *
 * @param args without the names of Node and of the script
 * @returns the exit code: 0; 1 when something failed, after one line that says what; 2 for a command or an option that does not exist; 130
 *   after Ctrl-C
 */
export async function runCommandLine(
  args: readonly string[],
  { terminal = processTerminal(), signal }: { terminal?: Terminal; signal?: AbortSignal } = {},
): Promise<number> {
  const stop = new AbortController();
  let first = 0;
  const interrupt = () => {
    // One Ctrl-C may arrive twice: from the terminal, and through the process that started this one.
    if (stop.signal.aborted && performance.now() - first < 500) return;
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    first = performance.now();
    terminal.note('crossmodal: stopping; once more Ctrl-C ends at once');
    stop.abort();
  };
  if (signal) signal.addEventListener('abort', () => stop.abort());
  else process.on('SIGINT', interrupt);
  try {
    await buildProgram(terminal, stop.signal).parseAsync([...args], { from: 'user' });
    return stop.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      terminal.note(`crossmodal: ${error.message.replace(/^error: /, '').replace(/\n/g, ' ')}`);
      return exitCodes.usage;
    }
    if (stop.signal.aborted) return exitCodes.interrupted;
    terminal.note(`crossmodal: ${oneLine(error)}`);
    if (args.includes('--verbose') && error instanceof Error) terminal.note(error.stack ?? '');
    return exitCodes.failure;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** The one line that a user sees for any failure; what its author did not mean for them is marked as unexpected. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split('\n')[0]?.trim() || 'no message';
  return CrossmodalError.isInstance(error) ? first : `unexpected: ${first}; run again with --verbose for the stack`;
}
