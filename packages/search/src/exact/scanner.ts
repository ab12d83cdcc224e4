import { type ScanResult, type ScanTask, scan } from './scan.js';

/** Where scans run. */
export interface Scanner {
  /** Scans that can run at once. */
  readonly threads: number;
  scan(task: ScanTask): Promise<ScanResult>;
  close(): Promise<void>;
}

/** On the thread that asks. */
export const inlineScanner: Scanner = {
  threads: 1,
  scan: async (task) => scan(task),
  close: async () => {},
};
