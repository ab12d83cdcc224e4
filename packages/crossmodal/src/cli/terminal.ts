import { SingleBar } from 'cli-progress';

/** Where a command writes; tests hand in their own. */
export interface Terminal {
  /** Results, on standard output. */
  out(text: string): void;
  /** Everything else, on standard error. */
  note(text: string): void;
  /** A bar, on standard error; plain lines where there is no terminal. */
  bar(label: string, total: number): Bar;
}

/** A bar that shows how far a piece of work is. */
export interface Bar {
  update(done: number, note?: string): void;
  stop(): void;
}

export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    bar(label, total) {
      const bar = new SingleBar({
        format: `${label} {bar} {value}/{total} | {eta_formatted} left {note}`,
        stream: process.stderr,
        barsize: 24,
        hideCursor: true,
        noTTYOutput: true,
        notTTYSchedule: 10_000, // milliseconds
        barCompleteChar: '█',
        barIncompleteChar: '░',
      });
      bar.start(total, 0, { note: '' });
      return { update: (done, note = '') => bar.update(done, { note: note && `| ${note}` }), stop: () => bar.stop() };
    },
  };
}
