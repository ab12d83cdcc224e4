import { workerPool } from '@crossmodal/core/data';
import type { ScanResult, ScanTask } from './scan.js';
import type { Scanner } from './scanner.js';

/** On threads of its own, which start with the first scan and do not keep the process alive. */
export function threadScanner(threads: number): Scanner {
  const pool = workerPool<ScanTask, ScanResult>(new URL('./scan-worker.js', import.meta.url), {
    workers: threads,
    timeout: 2 ** 31 - 1, // a scan ends by itself; setTimeout takes no more
  });
  return { threads, scan: (task) => pool.run(task), close: () => pool.close() };
}
