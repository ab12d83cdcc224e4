import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CrossmodalError } from '../errors.js';

export interface WorkerPoolOptions {
  /** Name of the exported function that is called. */
  name?: string;
  /** Threads; by default one per core, less one for the main thread. They start when there is work. */
  workers?: number;
  /** Given to the function as its second argument, once per thread: settings that all calls share. */
  settings?: unknown;
  /** Milliseconds that one call may take before its thread is ended. */
  timeout?: number;
  /** Mebibytes of JavaScript memory per thread. */
  memory?: number;
}

/** Calls a function on other threads. */
export interface WorkerPool<Input, Output> {
  /** @throws CrossmodalError what the function threw, or that its thread ended, was too slow or used too much memory. */
  run(input: Input): Promise<Output>;
  /** Ends the threads; calls that still wait are rejected. Idle threads do not keep the process alive. */
  close(): Promise<void>;
}

interface Task {
  input: unknown;
  resolve(output: unknown): void;
  reject(error: CrossmodalError): void;
}

interface Reply {
  output?: unknown;
  error?: { message: string; stack?: string };
}

// Runs in the thread. Text rather than a file, so that it survives bundling. Results give up their buffers instead of being copied.
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
const ready = typescript.then(() => import(workerData.module)).then((loaded) => {
  const call = loaded[workerData.name];
  if (typeof call !== 'function') throw new Error('exports no function called ' + workerData.name);
  return call;
});
ready.catch(() => {});
parentPort.on('message', async ({ input }) => {
  try {
    const output = await (await ready)(input, workerData.settings);
    parentPort.postMessage({ output }, buffers(output));
  } catch (error) {
    const isError = error instanceof Error;
    parentPort.postMessage({ error: { message: isError ? error.message : String(error), stack: isError ? error.stack : undefined } });
  }
});
`;

/**
 * A pool of threads that call an exported function of a module: `(input, settings) => output`, synchronous or not. Inputs
 * and outputs are copied (typed arrays of outputs are handed over). One call runs on one thread at a time.
 *
 * @param module of the function, e.g. `new URL('./decode.js', import.meta.url)`; a TypeScript module is run through `tsx`
 * @throws CrossmodalError when an option is out of range. A module that does not load is reported by `run`.
 * @example
 * const pool = workerPool<string, HostArray>(new URL('./decode.js', import.meta.url), { name: 'decode' });
 * const features = await pool.run('a.wav');
 * await pool.close();
 */
export function workerPool<Input, Output>(
  module: URL,
  {
    name = 'run',
    workers = Math.max(1, availableParallelism() - 1),
    settings,
    timeout = 60_000,
    memory = 1024,
  }: WorkerPoolOptions = {},
): WorkerPool<Input, Output> {
  for (const [option, value] of Object.entries({ workers, timeout, memory })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new CrossmodalError(`workerPool: ${option} must be an integer of at least 1, got ${value}`);
    }
  }
  const target = resolveModule(module);
  const fail = (problem: string, cause?: unknown) =>
    new CrossmodalError(`workerPool: ${target.url}: ${problem}`, { cause });
  const waiting: Task[] = [];
  const idle: Thread[] = [];
  const all = new Set<Thread>();
  let closed = false;

  const start = (): Thread => {
    const worker = new Worker(bootstrap, {
      eval: true,
      execArgv: target.execArgv,
      workerData: { module: target.url, tsx: target.tsx, name, settings },
      resourceLimits: { maxOldGenerationSizeMb: memory },
    });
    const thread: Thread = { worker, task: undefined, timer: undefined };
    const end = (error: CrossmodalError) => {
      if (!all.delete(thread)) return;
      const index = idle.indexOf(thread);
      if (index >= 0) idle.splice(index, 1);
      clearTimeout(thread.timer);
      void worker.terminate();
      thread.task?.reject(error);
      next();
    };
    thread.end = end;
    worker.on('message', ({ output, error }: Reply) => {
      const { task } = thread;
      clearTimeout(thread.timer);
      thread.task = undefined;
      worker.unref();
      idle.push(thread);
      next();
      if (error)
        task?.reject(
          new CrossmodalError(error.message, {
            cause: Object.assign(new Error(error.message), { stack: error.stack }),
          }),
        );
      else task?.resolve(output);
    });
    worker.on('error', (error: Error & { code?: string }) =>
      end(
        fail(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `a call used more than ${memory} MiB of memory` : error.message,
          error,
        ),
      ),
    );
    worker.on('exit', (code) => end(fail(`the thread ended with code ${code} during a call`)));
    worker.unref();
    all.add(thread);
    return thread;
  };

  const next = () => {
    while (waiting.length > 0 && !closed && (idle.length > 0 || all.size < workers)) {
      const thread = idle.pop() ?? start();
      const task = waiting.shift() as Task;
      thread.task = task;
      thread.worker.ref();
      thread.timer = setTimeout(() => thread.end?.(fail(`a call took more than ${timeout} ms`)), timeout);
      try {
        thread.worker.postMessage({ input: task.input });
      } catch (error) {
        clearTimeout(thread.timer);
        thread.task = undefined;
        idle.push(thread);
        task.reject(fail(`the input cannot be sent to a thread (${(error as Error).message})`, error));
      }
    }
  };

  return {
    run(input) {
      if (closed) return Promise.reject(fail('run was called after close'));
      return new Promise<Output>((resolve, reject) => {
        waiting.push({ input, resolve: resolve as Task['resolve'], reject });
        next();
      });
    },
    async close() {
      closed = true;
      const threads = [...all];
      for (const task of waiting.splice(0)) task.reject(fail('the pool was closed'));
      for (const thread of threads) thread.end?.(fail('the pool was closed'));
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}

interface Thread {
  worker: Worker;
  task: Task | undefined;
  timer: NodeJS.Timeout | undefined;
  end?: (error: CrossmodalError) => void;
}

/** The module itself, or the TypeScript source beside it when only that exists, with what Node needs to load it. */
function resolveModule(module: URL): { url: string; execArgv: string[]; tsx?: string } {
  const source = new URL(module.href.replace(/\.js$/, '.ts'));
  const typescript = module.protocol === 'file:' && !existsSync(module) && existsSync(source);
  const url = typescript ? source.href : module.href;
  if (!url.endsWith('.ts')) return { url, execArgv: [] };
  try {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href;
    return { url, execArgv: ['--conditions=@crossmodal/source'], tsx };
  } catch (error) {
    throw new CrossmodalError(`workerPool: ${url} is TypeScript, and tsx is not installed`, {
      remedy: 'install tsx, or build the module',
      cause: error,
    });
  }
}
