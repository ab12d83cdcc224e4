import { activeRecordingBackend } from './active-backend.js';
import { assertFunction, assertSynchronous } from './function-argument.js';
import { type OperatorTime, Profiler } from './run/profiler.js';

export interface KernelTime {
  /** The tfjs kernel. */
  kernel: string;
  /** The ONNX operators that compute it. */
  operators: string[];
  milliseconds: number;
  /** Read and written by its operators, as in `OperatorTime`. */
  bytes: number;
  /** Part of the time of all kernels. */
  share: number;
}

export interface Profile<T> {
  result: T;
  /** Time inside ONNX Runtime's operators. */
  milliseconds: number;
  /** What the operators read and write, together: where it is much and the time per byte is that of a copy, memory is the bound. */
  bytes: number;
  /** tfjs kernels, the most expensive first. */
  kernels: KernelTime[];
  /** Every operator of the graphs, the most expensive first. */
  operators: OperatorTime[];
  /** Kernels computed in JavaScript because ONNX cannot express them, with how often. */
  fallbacks: Record<string, number>;
  /** Graphs built and graphs run while the function ran. */
  builds: number;
  runs: number;
}

const ONE_STEP =
  'what runs after its first await would not be measured. Profile one synchronous step, also in place of model.fit: profile(() => optimizer.minimize(() => loss(model.apply(x, { training: true }), y), true))';

/**
 * Runs a function and says where its time goes: per tfjs kernel and per ONNX operator, which kernels fell back to
 * JavaScript, and whether graphs were built or reused. Each graph runs a few times more than usual.
 *
 * @param fn synchronous; what it leaves unread is computed before the function returns.
 * @throws when `fn` returns a promise (`model.fit` does): what runs later would not be measured.
 *
 * @example
 * const { kernels, fallbacks } = profile(() => step(x, y));
 */
export function profile<T>(fn: () => T): Profile<T> {
  assertFunction('profile', fn);
  const backend = activeRecordingBackend('profile');
  const { statistics } = backend;
  if (statistics.profiler !== undefined) throw new Error('profile: must not be called inside of profile');
  backend.flush();
  const before = { builds: statistics.builds, runs: statistics.runs, fallbacks: new Map(statistics.fallbacks) };
  const profiler = new Profiler();
  statistics.profiler = profiler;
  let result: T;
  let operators: OperatorTime[];
  try {
    result = fn();
    assertSynchronous('profile', result, ONE_STEP);
    backend.flush();
  } finally {
    statistics.profiler = undefined;
    operators = profiler.finish();
  }
  operators.sort((a, b) => b.milliseconds - a.milliseconds);
  const milliseconds = operators.reduce((sum, row) => sum + row.milliseconds, 0);
  const bytes = operators.reduce((sum, row) => sum + row.bytes, 0);
  const fallbacks: Record<string, number> = {};
  for (const [kernel, count] of statistics.fallbacks) {
    const more = count - (before.fallbacks.get(kernel) ?? 0);
    if (more > 0) fallbacks[kernel] = more;
  }
  return {
    result,
    milliseconds,
    bytes,
    kernels: byKernel(operators, milliseconds),
    operators,
    fallbacks,
    builds: statistics.builds - before.builds,
    runs: statistics.runs - before.runs,
  };
}

function byKernel(operators: readonly OperatorTime[], total: number): KernelTime[] {
  const groups = new Map<string, { operators: Set<string>; milliseconds: number; bytes: number }>();
  for (const { kernel, operator, milliseconds, bytes } of operators) {
    const group = groups.get(kernel) ?? { operators: new Set<string>(), milliseconds: 0, bytes: 0 };
    group.operators.add(operator);
    group.milliseconds += milliseconds;
    group.bytes += bytes;
    groups.set(kernel, group);
  }
  const rows = [...groups].map(([kernel, { operators: names, milliseconds, bytes }]) => ({
    kernel,
    operators: [...names],
    milliseconds,
    bytes,
    share: total === 0 ? 0 : milliseconds / total,
  }));
  return rows.sort((a, b) => b.milliseconds - a.milliseconds);
}
