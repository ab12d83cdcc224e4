import cliProgress from 'cli-progress';

/** Where the loop stands. */
export interface ProgressState {
  step: number;
  epoch: number;
  metrics: Readonly<Record<string, number>>;
}

/** Shows how a loop is getting on. */
export interface Progress {
  update(state: ProgressState): void;
  /** A line that stays. */
  note(text: string): void;
  stop(): void;
}

export interface ProgressOptions {
  label: string;
  /** Steps in all, when known. */
  total?: number | undefined;
  /** The step at which the loop starts. */
  start?: number;
  stream?: NodeJS.WriteStream;
  /** Seconds between plain lines. */
  every?: number;
}

/** The first numbers of a record, short: `loss 0.1234, accuracy 0.9`. */
export function formatMetrics(metrics: Readonly<Record<string, number>>, most = 4): string {
  const shown = Object.entries(metrics).slice(0, most);
  return shown.map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`).join(', ');
}

function formatSeconds(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** A bar where the stream is a terminal, plain lines elsewhere. */
export function openProgress({ stream = process.stderr, ...options }: ProgressOptions): Progress {
  return stream.isTTY && options.total !== undefined ? bar(stream, options) : lines(stream, options);
}

function bar(stream: NodeJS.WriteStream, { label, total = 0, start = 0 }: ProgressOptions): Progress {
  const view = new cliProgress.SingleBar(
    {
      format: `${label} {bar} {value}/{total} | epoch {epoch} | {rate} steps/s | {eta_formatted} left | {metrics}`,
      stream,
      hideCursor: true,
      barsize: 24,
      etaBuffer: 50,
      fps: 10,
    },
    cliProgress.Presets.shades_classic,
  );
  view.start(total, start, { epoch: 1, rate: '-', metrics: '' });
  const began = performance.now();
  return {
    update({ step, epoch, metrics }) {
      const rate = ((step - start) * 1000) / (performance.now() - began);
      view.update(step, { epoch: epoch + 1, rate: rate.toPrecision(3), metrics: formatMetrics(metrics) });
    },
    note(text) {
      stream.write(`\r\x1b[K${label}: ${text}\n`);
    },
    stop: () => view.stop(),
  };
}

function lines(stream: NodeJS.WriteStream, { label, total, start = 0, every = 10 }: ProgressOptions): Progress {
  const began = performance.now();
  let printed = began;
  let last: ProgressState | undefined;
  let shown = -1;
  const print = (state: ProgressState) => {
    const seconds = (performance.now() - began) / 1000;
    const rate = (state.step - start) / seconds;
    const of = total === undefined ? '' : `/${total} (${Math.floor((100 * state.step) / total)} %)`;
    const left = total === undefined ? '' : `, ${formatSeconds((total - state.step) / rate)} left`;
    const numbers = formatMetrics(state.metrics);
    stream.write(
      `${label}: step ${state.step}${of}, epoch ${state.epoch + 1}, ${rate.toPrecision(3)} steps/s${left}${numbers ? ` | ${numbers}` : ''}\n`,
    );
    shown = state.step;
  };
  return {
    update(state) {
      last = state;
      const now = performance.now();
      if (now - printed < every * 1000) return;
      printed = now;
      print(state);
    },
    note(text) {
      stream.write(`${label}: ${text}\n`);
    },
    stop() {
      if (last && last.step !== shown) print(last);
    },
  };
}

/** Shows nothing. */
export const silent: Progress = { update() {}, note() {}, stop() {} };
