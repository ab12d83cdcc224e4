import type { BackendValues, Entry } from '../entry.js';
import type { Value } from '../ir/graph.js';

/** What `compile` notes down while it follows a function. */
export interface Trace {
  wrote(entry: Entry): void;
  read(entry: Entry): BackendValues | undefined;
  recorded(entry: Entry): Value | undefined;
  isConstant(entry: Entry): boolean;
  fallback(kernel: string, inputs: unknown): void;
}
