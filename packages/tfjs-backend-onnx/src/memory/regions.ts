import type { Variable } from '@tensorflow/tfjs-core';
import { REGION_NUMBERS } from '../machine-thresholds.js';
import { Region } from './region.js';

/** The regions in which compiled functions of a backend write variables. Functions of the same variables share one. */
export class Regions {
  readonly #regions = new WeakMap<Variable, Region>();
  /** How many compiled functions write a region. */
  readonly #users = new WeakMap<Region, number>();

  /** @param most numbers that one region has at most; what needs more goes into several. */
  constructor(readonly most = REGION_NUMBERS) {}

  /**
   * The region that these states have already, if it fits, or a new one. Each call counts as one user.
   * @throws RangeError when there is not enough memory.
   */
  enter(states: readonly Variable[], room: number): Region {
    const current = this.#regions.get(states[0]!);
    const region = current?.fits(states, room) ? current : new Region(states, room);
    this.#users.set(region, (this.#users.get(region) ?? 0) + 1);
    for (const state of states) this.#regions.set(state, region);
    return region;
  }

  /** One user less. After the last, whoever is resident gets memory of its own, and the region is free. */
  leave(region: Region): void {
    const users = this.#users.get(region)! - 1;
    this.#users.set(region, users);
    if (users > 0) return;
    for (const variable of region.variables) if (this.#regions.get(variable) === region) this.#regions.delete(variable);
    region.evictAll();
  }

  has(variable: Variable): boolean {
    return this.#regions.has(variable);
  }
}
