import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DeviceName } from '@crossmodal/core/device';
import type { Loading } from './rows/row.js';

/** What a row can be run on: our devices by the library that computes, and PyTorch. */
export const engines = {
  onnx: 'cpu',
  'tfjs-node': 'tensorflow',
  'tfjs-node-gpu': 'cuda',
  webgpu: 'webgpu',
  wasm: 'wasm',
  'tfjs-cpu': 'js',
  torch: undefined,
} as const satisfies Record<string, DeviceName | undefined>;

export type Engine = keyof typeof engines;

interface Ready {
  device: string;
  firstMs: number;
  loading?: Loading;
}

interface Options {
  python: string;
  threads: number;
  /** Where the model lies that the row loads. */
  folder?: string | undefined;
}

/** One engine on one row, warm, waiting in a process of its own for `run`. */
export class Contender {
  readonly ready: Ready;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams, lines: AsyncIterator<string>, ready: Ready) {
    this.#child = child;
    this.#lines = lines;
    this.ready = ready;
  }

  /**
   * Starts the process and waits until its model is warm.
   * @throws Error with the engine's own words when it cannot run the row, or when it is not warm after `limitSeconds`.
   */
  static async start(
    engine: Engine,
    row: string,
    batch: number,
    { python, threads, folder, limitSeconds }: Options & { limitSeconds: number },
  ): Promise<Contender> {
    const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
    const device = engines[engine];
    const last = folder === undefined ? [] : [folder];
    const [command, args] =
      device === undefined
        ? [python, [here('torch_worker.py'), row, String(batch), String(threads), ...last]]
        : [
            process.execPath,
            [
              '--conditions=@crossmodal/source',
              '--import',
              'tsx',
              here('worker.ts'),
              row,
              device,
              String(batch),
              ...last,
            ],
          ];
    const child = spawn(command, args, {
      env: {
        ...process.env,
        TF_CPP_MIN_LOG_LEVEL: '3',
        TF_NUM_INTRAOP_THREADS: String(threads),
        TFJS_ONNX_THREADS: String(threads),
      },
    });
    child.stderr.resume();
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    failed.catch(() => {});
    const reader: Interface = createInterface({ input: child.stdout });
    const lines = reader[Symbol.asyncIterator]();
    const timer = setTimeout(() => child.kill('SIGKILL'), limitSeconds * 1000);
    try {
      const ready = (await Promise.race([answer(lines), failed])) as unknown as Ready;
      return new Contender(child, lines, ready);
    } catch (error) {
      const message = child.killed ? `not warm after ${limitSeconds} s` : (error as Error).message;
      throw new Error(message, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Milliseconds of each of `count` steps, and the last loss. */
  run(count: number): Promise<{ ms: number[]; loss: number }> {
    return this.#ask(`run ${count}`) as Promise<{ ms: number[]; loss: number }>;
  }

  /** Peak resident memory of the process in MB. */
  async peakMegabytes(): Promise<number> {
    return (await this.#ask('memory'))['peakMb'] as number;
  }

  /** Best GFLOP/s of a 1024x1024 matrix product. */
  async matmulPeak(): Promise<number> {
    return (await this.#ask('peak'))['gflops'] as number;
  }

  stop(): void {
    this.#child.kill();
  }

  #ask(line: string): Promise<Record<string, unknown>> {
    this.#child.stdin.write(`${line}\n`);
    return answer(this.#lines);
  }
}

/** The next JSON line; whatever else a library prints on the way is passed over. */
async function answer(lines: AsyncIterator<string>): Promise<Record<string, unknown>> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error('the process ended without an answer');
    if (!value.startsWith('{')) continue;
    const message = JSON.parse(value) as Record<string, unknown>;
    if (typeof message['error'] === 'string') throw new Error(message['error']);
    return message;
  }
}
