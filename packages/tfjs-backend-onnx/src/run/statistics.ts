import type { Profiler } from './profiler.js';

/** What the backend did, for `profile()`. */
export class Statistics {
  /** Kernels that were computed in JavaScript because ONNX cannot express them. */
  readonly fallbacks = new Map<string, number>();
  /** Graphs that were built, and runs of graphs. */
  builds = 0;
  /** Nodes of the graphs that were built. */
  builtNodes = 0;
  runs = 0;
  buildMilliseconds = 0;
  runMilliseconds = 0;

  /** Set while `profile` looks at the operators of each run. */
  profiler: Profiler | undefined;

  countBuild({ nodes, milliseconds }: { nodes: readonly unknown[]; milliseconds: number }): void {
    this.builds++;
    this.builtNodes += nodes.length;
    this.buildMilliseconds += milliseconds;
  }

  countFallback(kernel: string): void {
    this.fallbacks.set(kernel, (this.fallbacks.get(kernel) ?? 0) + 1);
  }
}
