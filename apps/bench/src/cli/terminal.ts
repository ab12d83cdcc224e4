/** Where the command line writes; tests hand in their own. */
export interface Terminal {
  /** Results, on standard output. */
  out(line: string): void;
  /** Everything else, on standard error. */
  note(line: string): void;
  /** Overwrites the current line while it lasts; does nothing where there is no terminal. */
  status(line: string): void;
  /** Where long work stands: a line from time to time where there is no terminal; does nothing where there is one. */
  progress(line: string): void;
  /** True when a person is watching. */
  readonly interactive: boolean;
}

/** Seconds without a line after which a line of progress is due. */
const silence = 20;

/** The process's own streams; tests hand in others, and a clock in milliseconds. */
export function processTerminal({
  output = process.stdout,
  error = process.stderr,
  now = () => performance.now(),
}: {
  output?: Pick<NodeJS.WriteStream, 'write'>;
  error?: Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;
  now?: () => number;
} = {}): Terminal {
  const interactive = error.isTTY === true;
  let open = false;
  let written = now();
  const write = (stream: Pick<NodeJS.WriteStream, 'write'>, line: string) => {
    if (open) error.write('\r\u001b[K');
    open = false;
    stream.write(`${line}\n`);
    written = now();
  };
  return {
    interactive,
    out: (line) => write(output, line),
    note: (line) => write(error, line),
    status: (line) => {
      if (!interactive) return;
      const width = error.columns ?? 80;
      error.write(`\r\u001b[K${line.slice(0, width - 1)}`);
      open = line !== '';
    },
    progress: (line) => {
      if (!interactive && now() - written >= 1000 * silence) write(error, line);
    },
  };
}

/** A bar of twenty cells with its numbers. */
export function progressLine(label: string, done: number, total: number): string {
  const cells = Math.round((20 * done) / Math.max(1, total));
  return `${label} ${'█'.repeat(cells)}${'░'.repeat(20 - cells)} ${done}/${total}`;
}
