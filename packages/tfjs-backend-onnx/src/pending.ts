import type { BackendValues, Entry } from './entry.js';
import type { Numbers, Value } from './ir/graph.js';
import { withoutReshape } from './ir/ops.js';
import { computesAtOnce, notSynchronous } from './run/binding.js';
import type { Executor } from './run/executor.js';

/** What is recorded, still alive and not computed yet. */
export class Pending {
  private readonly entries = new Set<Entry>();
  private computing: Promise<void> = Promise.resolve();
  private recordedNodes = 0;
  private assigned = false;

  constructor(
    private readonly executor: Executor,
    private readonly maxNodes: number,
  ) {}

  add(entry: Entry): void {
    this.entries.add(entry);
  }

  delete(entry: Entry): void {
    this.entries.delete(entry);
  }

  clear(): void {
    this.entries.clear();
  }

  /** A kernel was recorded. */
  countNode(): void {
    this.recordedNodes++;
  }

  /** A variable was assigned outside of a gradient tape: as far as a backend can see, the end of a training step. */
  noteAssignment(): void {
    this.assigned = true;
  }

  /**
   * Computes what is pending when a new training step begins. A loop that never reads (`model.fit` between epochs) would
   * otherwise record for ever. The boundary is the first kernel under a new gradient tape after variables were assigned
   * outside of one, so each step of a loop ends with a graph of the same structure.
   */
  atStepBoundary(gradientDepth: number): void {
    if (!computesAtOnce()) return;
    const boundary = this.assigned && gradientDepth > 0;
    if (boundary) this.assigned = false;
    if (boundary || this.recordedNodes > this.maxNodes) this.flush();
  }

  /** Computes everything. */
  flush(): void {
    if (this.entries.size === 0) return;
    if (!computesAtOnce()) throw notSynchronous();
    const { alive, outputs } = this.take();
    let results: Numbers[];
    try {
      results = this.executor.run(outputs);
    } catch (error) {
      this.runApart(alive, error);
      return;
    }
    store(alive, results);
  }

  /** The same for a version of ONNX Runtime that computes later. One computation follows the other. */
  flushAsync(): Promise<void> {
    const compute = async () => {
      if (this.entries.size === 0) return;
      const { alive, outputs } = this.take();
      try {
        store(alive, await this.executor.runAsync(outputs));
      } catch (error) {
        for (const entry of alive) {
          entry.failure = error;
          entry.value = undefined;
        }
      }
    };
    this.computing = this.computing.then(compute);
    return this.computing;
  }

  private take(): { alive: Entry[]; outputs: Value[] } {
    const alive = [...this.entries];
    this.recordedNodes = 0;
    this.assigned = false;
    this.entries.clear();
    // Entries keep flat numbers, so a reshape at the end need not be computed.
    return { alive, outputs: alive.map((entry) => withoutReshape(entry.value!)) };
  }

  /** After a failed run: what can be computed is, and what cannot keeps the reason for whoever reads it. */
  private runApart(entries: readonly Entry[], reason: unknown): void {
    for (const entry of entries) {
      try {
        entry.values = this.executor.run([withoutReshape(entry.value!)])[0] as BackendValues;
      } catch (error) {
        entry.failure = entries.length === 1 ? reason : error;
      }
      entry.value = undefined;
    }
  }
}

function store(alive: readonly Entry[], results: readonly Numbers[]): void {
  const owners = new Map<Numbers, Entry>();
  alive.forEach((entry, i) => {
    const numbers = results[i]!;
    entry.values = numbers as BackendValues;
    entry.value = undefined;
    const other = owners.get(numbers);
    if (other !== undefined) {
      other.shared = true;
      entry.shared = true;
    }
    owners.set(numbers, entry);
  });
}
