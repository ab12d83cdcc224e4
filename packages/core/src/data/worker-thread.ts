import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { CrossmodalError } from '../errors.js';

/** A call that somebody waits for. */
export interface Task {
  input: unknown;
  resolve(output: unknown): void;
  reject(error: CrossmodalError): void;
}

/** Where a function is, and what Node needs to load it. */
export interface WorkerTarget {
  url: string;
  name: string;
  settings: unknown;
  /** Address of tsx, for a module in TypeScript. */
  tsx?: string | undefined;
}

interface Reply {
  output?: unknown;
  error?: { message: string; stack?: string };
}

// Runs in the thread. Text rather than a file, so that it survives bundling. One call after the other; results give up
// their buffers instead of being copied.
const bootstrap = `
const { parentPort, workerData } = require('node:worker_threads');
const buffers = (value, found = new Set(), depth = 0) => {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null && depth < 4) {
    for (const part of Object.values(value)) buffers(part, found, depth + 1);
  }
  return [...found];
};
const typescript = workerData.tsx ? import(workerData.tsx).then(({ register }) => register()) : Promise.resolve();
const ready = typescript.then(() => import(workerData.url)).then((loaded) => {
  const call = loaded[workerData.name];
  if (typeof call !== 'function') throw new Error('exports no function called ' + workerData.name);
  return call;
});
ready.catch(() => {});
const answer = async (input) => {
  try {
    const output = await (await ready)(input, workerData.settings);
    parentPort.postMessage({ output }, buffers(output));
  } catch (error) {
    const isError = error instanceof Error;
    parentPort.postMessage({ error: { message: isError ? error.message : String(error), stack: isError ? error.stack : undefined } });
  }
};
let last = Promise.resolve();
parentPort.on('message', ({ input }) => {
  last = last.then(() => answer(input));
});
`;

export interface WorkerThreadOptions {
  target: WorkerTarget;
  timeout: number;
  memory: number;
  /** After an answer: the thread has room for another call. */
  onRoom(): void;
  /** The thread is gone; these calls were sent to it but not begun. */
  onEnd(unbegun: Task[]): void;
}

/** A thread that answers calls in the order in which they come. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #options: WorkerThreadOptions;
  readonly #tasks: Task[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: WorkerThreadOptions) {
    this.#options = options;
    const { target, memory } = options;
    this.#worker = new Worker(bootstrap, {
      eval: true,
      ...(target.tsx ? { execArgv: ['--conditions=@crossmodal/source'] } : {}),
      workerData: target,
      resourceLimits: { maxOldGenerationSizeMb: memory },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error: Error & { code?: string }) => {
      const flooded = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.end(this.#error(flooded ? `a call used more than ${memory} MiB of memory` : error.message, error));
    });
    this.#worker.on('exit', (code) => this.end(this.#error(`the thread ended with code ${code} during a call`)));
  }

  /** Calls that were sent and not answered. */
  get load(): number {
    return this.#tasks.length;
  }

  send(task: Task): void {
    try {
      this.#worker.postMessage({ input: task.input });
    } catch (error) {
      task.reject(this.#error(`the input cannot be sent to a thread (${(error as Error).message})`, error));
      return;
    }
    this.#worker.ref();
    if (this.#tasks.push(task) === 1) this.#watch();
  }

  /** Ends the thread; the call it was at is rejected. */
  end(error: CrossmodalError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    void this.#worker.terminate();
    const [begun, ...unbegun] = this.#tasks.splice(0);
    begun?.reject(error);
    this.#options.onEnd(unbegun);
  }

  /** Settles when the thread is gone. */
  async gone(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle({ output, error }: Reply): void {
    clearTimeout(this.#timer);
    const task = this.#tasks.shift();
    if (this.#tasks.length > 0) this.#watch();
    else this.#worker.unref();
    if (error) {
      const cause = Object.assign(new Error(error.message), { stack: error.stack });
      task?.reject(new CrossmodalError(error.message, { cause }));
    } else task?.resolve(output);
    this.#options.onRoom();
  }

  #watch(): void {
    const { timeout } = this.#options;
    this.#timer = setTimeout(() => this.end(this.#error(`a call took more than ${timeout} ms`)), timeout);
  }

  #error(problem: string, cause?: unknown): CrossmodalError {
    return workerError(this.#options.target.url, problem, cause);
  }
}

export function workerError(url: string, problem: string, cause?: unknown): CrossmodalError {
  return new CrossmodalError(`workerPool: ${url}: ${problem}`, { cause });
}

/** The module itself, or the TypeScript source beside it when only that exists, with what Node needs to load it. */
export function resolveModule(module: URL): { url: string; tsx?: string } {
  const source = new URL(module.href.replace(/\.js$/, '.ts'));
  const typescript = module.protocol === 'file:' && !existsSync(module) && existsSync(source);
  const url = typescript ? source.href : module.href;
  if (!url.endsWith('.ts')) return { url };
  try {
    return { url, tsx: import.meta.resolve('tsx/esm/api') };
  } catch (cause) {
    const remedy = 'install tsx, or build the module';
    throw new CrossmodalError(`workerPool: ${url} is TypeScript, and tsx is not installed`, { remedy, cause });
  }
}
