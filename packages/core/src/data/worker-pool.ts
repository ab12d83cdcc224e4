import { availableParallelism } from 'node:os';
import { requireInteger } from '../checks.js';
import { assertKnownOptions } from '../known-options.js';
import { resolveModule, type Task, WorkerThread, workerError } from './worker-thread.js';

export interface WorkerPoolOptions {
  /**
   * Name of the exported function that is called.
   * @default 'run'
   */
  name?: string;
  /**
   * Threads; by default one per core, less one for the main thread. They start when there is work.
   * @default Math.max(1, availableParallelism() - 1)
   */
  workers?: number;
  /** Given to the function as its second argument: settings that all calls share. */
  settings?: unknown;
  /**
   * Milliseconds that one call may take before its thread is ended.
   * @default 60_000
   */
  timeout?: number;
  /**
   * Mebibytes of JavaScript memory per thread.
   * @default 1024
   */
  memory?: number;
}

/** Calls a function on other threads. */
export interface WorkerPool<Input, Output> {
  /** @throws CrossmodalError what the function threw, or that its thread ended, was too slow or used too much memory. */
  run(input: Input): Promise<Output>;
  /** Ends the threads; calls that still wait are rejected. Idle threads do not keep the process alive. */
  close(): Promise<void>;
}

/** Calls that lie at a thread, one of them under way: a short call ends sooner than word of it reaches the main thread. */
const depth = 4;

/**
 * A pool of threads that call an exported function of a module: `(input, settings) => output`, synchronous or not. Inputs
 * and outputs are copied (typed arrays of outputs are handed over). A thread makes one call after the other.
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
    ...others
  }: WorkerPoolOptions = {},
): WorkerPool<Input, Output> {
  assertKnownOptions('workerPool', others, ['name', 'workers', 'settings', 'timeout', 'memory']);

  for (const [option, value] of Object.entries({ workers, timeout, memory })) {
    requireInteger(`workerPool: ${option}`, value);
  }
  const target = { ...resolveModule(module), name, settings };
  const waiting: Task[] = [];
  const threads = new Set<WorkerThread>();
  let closed = false;

  const start = (): WorkerThread => {
    const thread: WorkerThread = new WorkerThread({
      target,
      timeout,
      memory,
      onRoom: next,
      onEnd(unbegun) {
        threads.delete(thread);
        waiting.unshift(...unbegun);
        next();
      },
    });
    threads.add(thread);
    return thread;
  };

  /** The thread for the next call: an idle one, a new one, or the least busy. */
  const choose = (): WorkerThread | undefined => {
    const [freest] = [...threads].sort((a, b) => a.load - b.load);
    if (freest?.load === 0) return freest;
    if (threads.size < workers) return start();
    return freest && freest.load < depth ? freest : undefined;
  };

  function next(): void {
    while (waiting.length > 0 && !closed) {
      const thread = choose();
      if (!thread) return;
      thread.send(waiting.shift() as Task);
    }
  }

  return {
    run(input) {
      if (closed) return Promise.reject(workerError(target.url, 'run was called after close'));
      return new Promise<Output>((resolve, reject) => {
        waiting.push({ input, resolve: resolve as Task['resolve'], reject });
        next();
      });
    },
    async close() {
      closed = true;
      const closing = [...threads];
      const error = () => workerError(target.url, 'the pool was closed');
      for (const thread of closing) thread.end(error());
      for (const task of waiting.splice(0)) task.reject(error());
      await Promise.all(closing.map((thread) => thread.gone()));
    },
  };
}
