import { type ScanResult, type ScanTask, scan } from './scan.js';

/** Runs on the threads of `threadScanner`. */
export function run(task: ScanTask): ScanResult {
  return scan(task);
}
