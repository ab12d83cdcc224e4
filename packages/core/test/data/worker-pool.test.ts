import { afterAll, describe, expect, it } from 'vitest';
import { formatNpy, type WorkerPoolOptions, workerPool } from '../../src/data/index.js';
import { CrossmodalError } from '../../src/index.js';

const module = new URL('./workers/tasks.mjs', import.meta.url);
const pools: { close(): Promise<void> }[] = [];
const open = (options: WorkerPoolOptions = {}) => {
  const pool = workerPool<unknown, unknown>(module, { workers: 1, ...options });
  pools.push(pool);
  return pool;
};
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

describe('workerPool', () => {
  it('calls the function on other threads, with the shared settings, and gives results to their callers', async () => {
    const pool = open({ workers: 3, settings: { rate: 8000 } });
    const results = await Promise.all(Array.from({ length: 9 }, (_, i) => pool.run({ wait: (9 - i) % 3, i })));
    expect(results).toEqual(
      Array.from({ length: 9 }, (_, i) => ({ task: { wait: (9 - i) % 3, i }, settings: { rate: 8000 } })),
    );
    const threads = await Promise.all([1, 2, 3].map(() => pool.run('thread')));
    expect(threads).not.toContain(0);
    expect(await pool.run('array')).toEqual({ data: Float32Array.of(1, 2), shape: [2] });
  });

  it('an error of the function is an error of the call, with its message', async () => {
    const error = await open()
      .run('throw')
      .catch((caught: unknown) => caught);
    expect(CrossmodalError.isInstance(error)).toBe(true);
    expect((error as Error).message).toBe('a.wav: is cut short');
  });

  it('a thread that ends, hangs or hoards memory fails its own call and no other', async () => {
    const pool = open({ timeout: 1500, memory: 32 });
    const after = (name: string) => [
      pool.run(name).then(
        () => 'worked',
        (error: Error) => error.message,
      ),
      pool.run('next'),
    ];
    const calls = [...after('exit'), ...after('hang'), ...after('hoard')];
    const next = { task: 'next', settings: undefined };
    expect(await Promise.all(calls)).toEqual([
      expect.stringMatching(/tasks\.mjs: the thread ended with code 3 during a call/),
      next,
      expect.stringMatching(/a call took more than 1500 ms/),
      next,
      expect.stringMatching(/a call used more than 32 MiB of memory/),
      next,
    ]);
  });

  it('a module that does not load, and a function that is not there, fail the calls', async () => {
    const fails = async (file: string, message: RegExp, name = 'run') => {
      const pool = workerPool(new URL(`./workers/${file}`, import.meta.url), { workers: 1, name });
      await expect(pool.run(1)).rejects.toThrow(message);
      await expect(pool.run(2)).rejects.toThrow(message);
      await pool.close();
    };
    await fails('broken.mjs', /cannot start/);
    await fails('none.mjs', /none\.mjs/);
    await fails('tasks.mjs', /exports no function called decode/, 'decode');
  });

  it('an input that cannot be copied is refused', async () => {
    const pool = open();
    await expect(pool.run(() => 1)).rejects.toThrow(/cannot be sent to a thread/);
    expect(await pool.run('next')).toMatchObject({ task: 'next' });
  });

  it('closing rejects what waits and what comes later', async () => {
    const pool = open({ timeout: 30_000 });
    const calls = [pool.run('hang'), pool.run('next')].map((call) => call.catch((error: Error) => error.message));
    await pool.close();
    for (const message of await Promise.all(calls)) expect(message).toMatch(/the pool was closed/);
    await expect(pool.run('next')).rejects.toThrow(/after close/);
  });

  it('runs TypeScript sources', async () => {
    const pool = workerPool<Uint8Array, number[]>(new URL('./workers/typed.js', import.meta.url), {
      workers: 1,
      name: 'shapeOf',
    });
    expect(await pool.run(formatNpy({ data: new Float32Array(6), shape: [2, 3] }))).toEqual([2, 3]);
    await pool.close();
  });

  it('checks its options', () => {
    expect(() => workerPool(module, { workers: 0 })).toThrow(/workers must be an integer of at least 1, got 0/);
    expect(() => workerPool(module, { timeout: 0.5 })).toThrow(/timeout/);
  });
});
