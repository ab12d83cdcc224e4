import type { Numbers, Value } from '../ir/graph.js';
import { withoutReshape } from '../ir/ops.js';
import { computesAtOnce, notSynchronous } from '../run/binding.js';
import type { BackendValues } from './numbers.js';
import type { TensorMemory } from './tensor-memory.js';

/** What computes recorded values, into fresh memory. */
export interface GraphRunner {
  run(outputs: readonly Value[]): Numbers[];
  runAsync(outputs: readonly Value[]): Promise<Numbers[]>;
}

/** What is recorded, still alive and not computed yet. */
export class Pending {
  private readonly memories = new Set<TensorMemory>();
  private computing: Promise<void> = Promise.resolve();
  private recordedNodes = 0;
  private assigned = false;

  constructor(
    private readonly runner: GraphRunner,
    private readonly maxNodes: number,
  ) {}

  add(memory: TensorMemory): void {
    this.memories.add(memory);
  }

  delete(memory: TensorMemory): void {
    this.memories.delete(memory);
  }

  clear(): void {
    this.memories.clear();
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
    if (this.memories.size === 0) return;
    if (!computesAtOnce()) throw notSynchronous();
    const { alive, outputs } = this.take();
    let results: Numbers[];
    try {
      results = this.runner.run(outputs);
    } catch (error) {
      this.runApart(alive, error);
      return;
    }
    store(alive, results);
  }

  /** The same for a version of ONNX Runtime that computes later. One computation follows the other. */
  flushAsync(): Promise<void> {
    const compute = async () => {
      if (this.memories.size === 0) return;
      const { alive, outputs } = this.take();
      try {
        store(alive, await this.runner.runAsync(outputs));
      } catch (error) {
        for (const memory of alive) memory.fail(error);
      }
    };
    this.computing = this.computing.then(compute);
    return this.computing;
  }

  private take(): { alive: TensorMemory[]; outputs: Value[] } {
    const alive = [...this.memories];
    this.recordedNodes = 0;
    this.assigned = false;
    this.memories.clear();
    // Numbers are kept flat, so a reshape at the end need not be computed.
    return { alive, outputs: alive.map((memory) => withoutReshape(memory.value!)) };
  }

  /** After a failed run: what can be computed is, and what cannot keeps the reason for whoever reads it. */
  private runApart(alive: readonly TensorMemory[], reason: unknown): void {
    for (const memory of alive) {
      try {
        memory.compute(this.runner.run([withoutReshape(memory.value!)])[0] as BackendValues);
      } catch (error) {
        memory.fail(alive.length === 1 ? reason : error);
      }
    }
  }
}

function store(alive: readonly TensorMemory[], results: readonly Numbers[]): void {
  alive.forEach((memory, i) => {
    memory.compute(results[i] as BackendValues);
  });
}
