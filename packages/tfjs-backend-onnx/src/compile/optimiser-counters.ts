import { Optimizer } from '@tensorflow/tfjs-core';

/** The part of a tfjs optimiser that counts its updates in JavaScript; tfjs keeps it from subclasses' users only. */
interface Counting {
  iterations_: number | undefined;
  incrementIterations(): void;
}

/** Optimisers, each with how often it counted an update. */
export type Counts = ReadonlyMap<Counting, number>;

/**
 * tfjs optimisers count their updates in JavaScript, which a replay does not run. Notes which of them count while a
 * function is followed, so that a replay can have them count as well.
 */
export class OptimiserCounters {
  readonly #before = new Map<Counting, number | undefined>();

  /** Runs a function. @returns its result, and who counted how often meanwhile. */
  watch<T>(fn: () => T): { result: T; counts: Counts } {
    const prototype = Optimizer.prototype as unknown as Counting;
    const { incrementIterations } = prototype;
    const counts = new Map<Counting, number>();
    const before = this.#before;
    prototype.incrementIterations = function (this: Counting) {
      if (!before.has(this)) before.set(this, this.iterations_);
      counts.set(this, (counts.get(this) ?? 0) + 1);
      incrementIterations.call(this);
    };
    try {
      return { result: fn(), counts };
    } finally {
      prototype.incrementIterations = incrementIterations;
    }
  }

  /** Takes back what was counted: following a function is no update. */
  restore(): void {
    for (const [optimizer, iterations] of this.#before) optimizer.iterations_ = iterations;
  }
}

/** Counts the updates of one replay. */
export function countUpdates(counts: Counts): void {
  for (const [optimizer, count] of counts) for (let i = 0; i < count; i++) optimizer.incrementIterations();
}
