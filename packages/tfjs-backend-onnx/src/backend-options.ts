import { availableParallelism } from 'node:os';
import { assertFormulations } from './formulations/table.js';
import { MOST_THREADS } from './machine-thresholds.js';

export interface BackendOptions {
  /** Threads of one ONNX Runtime session. Default: TFJS_ONNX_THREADS of the environment, or the cores of the machine, at most 16. */
  threads?: number;
  /** Nothing that is faster at the price of other roundings: no Toom-Cook, no other order of factors and sums. */
  exact?: boolean;
  /** Names of formulations to take wherever they apply (`toom-cook`, `direct`), to compare and to test them. */
  prefer?: readonly string[];
  /** Recorded nodes after which everything is computed even if nobody reads. */
  maxPending?: number;
  /** A kernel that reads up to this many numbers, all on the host, and makes no more is computed at once in JavaScript. */
  hostThreshold?: number;
  /** Number of compiled structures that are kept. */
  cacheSize?: number;
}

/** What an option must be, in words and as a test. */
type Rule = readonly [must: string, holds: (value: unknown) => boolean];

const isPositiveInteger = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;

const rules: Readonly<Record<keyof BackendOptions, Rule>> = {
  threads: ['an integer, at least 1', isPositiveInteger],
  exact: ['true or false', (value) => typeof value === 'boolean'],
  prefer: ['a list of names of formulations', Array.isArray],
  maxPending: ['a number, at least 1', (value) => typeof value === 'number' && value >= 1],
  hostThreshold: ['a number, at least 0', (value) => typeof value === 'number' && value >= 0],
  cacheSize: ['an integer, at least 1', isPositiveInteger],
};

/** Threads of programs that name no number, for those who start them: several at a time share the cores better with one each. */
const THREADS = 'TFJS_ONNX_THREADS';

/**
 * Threads where no number of them is asked for.
 * @throws for a TFJS_ONNX_THREADS that is no integer of at least 1.
 */
export function defaultThreads(environment: NodeJS.ProcessEnv = process.env): number {
  const text = environment[THREADS];
  if (text === undefined || text === '') return Math.min(MOST_THREADS, availableParallelism());
  if (!isPositiveInteger(Number(text)))
    throw new Error(`tfjs-backend-onnx: ${THREADS} must be an integer, at least 1, got '${text}'`);
  return Number(text);
}

/** @throws for names that are no options and for values that an option cannot have. */
export function assertBackendOptions(options: BackendOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new Error(`tfjs-backend-onnx: options must be an object, got ${String(options)}; for example { threads: 2 }`);
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(rules, name));
  if (unknown.length > 0) {
    const names = Object.keys(rules).join(', ');
    throw new Error(`tfjs-backend-onnx: options must be known, got '${unknown.join("', '")}'; there are ${names}`);
  }
  for (const [name, [must, holds]] of Object.entries(rules)) {
    const value: unknown = options[name as keyof BackendOptions];
    if (value === undefined || holds(value)) continue;
    const text = typeof value === 'string' ? `'${value}'` : String(value);
    throw new Error(`tfjs-backend-onnx: option ${name} must be ${must}, got ${text}`);
  }
  assertFormulations(options.prefer ?? []);
}
