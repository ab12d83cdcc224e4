import { runCommandLine } from '../src/cli/command-line.js';

/** What a command wrote, and its exit code. */
export interface Outcome {
  code: number;
  out: string;
  notes: string;
}

/** Runs the command line in this process. */
export async function run(args: readonly string[], { signal }: { signal?: AbortSignal } = {}): Promise<Outcome> {
  const out: string[] = [];
  const notes: string[] = [];
  const terminal = {
    out: (text: string) => void out.push(text),
    note: (text: string) => void notes.push(text),
    bar: () => ({ update() {}, stop() {} }),
  };
  const code = await runCommandLine(args, { terminal, ...(signal ? { signal } : {}) });
  return { code, out: out.join('\n'), notes: notes.join('\n') };
}
