/** Where the command line writes; tests hand in their own. */
export interface Terminal {
  /** Results, on standard output. */
  out(line: string): void;
  /** Everything else, on standard error. */
  note(line: string): void;
  /** Overwrites the current line while it lasts; does nothing where there is no terminal. */
  status(line: string): void;
  /** True when a person is watching. */
  readonly interactive: boolean;
}

/** The process's own streams. */
export function processTerminal(): Terminal {
  const interactive = process.stderr.isTTY === true;
  let open = false;
  const close = () => {
    if (open) process.stderr.write('\r\u001b[K');
    open = false;
  };
  return {
    interactive,
    out: (line) => {
      close();
      process.stdout.write(`${line}\n`);
    },
    note: (line) => {
      close();
      process.stderr.write(`${line}\n`);
    },
    status: (line) => {
      if (!interactive) return;
      const width = process.stderr.columns ?? 80;
      process.stderr.write(`\r\u001b[K${line.slice(0, width - 1)}`);
      open = line !== '';
    },
  };
}

/** A bar of twenty cells with its numbers. */
export function progressLine(label: string, done: number, total: number): string {
  const cells = Math.round((20 * done) / Math.max(1, total));
  return `${label} ${'█'.repeat(cells)}${'░'.repeat(20 - cells)} ${done}/${total}`;
}
