import type { Variable } from '@tensorflow/tfjs-core';
import { LINE } from '../machine-thresholds.js';
import { type Memory, PAGE, WebAssembly } from '../update/webassembly.js';
import { Slot } from './slot.js';

/** Kernels write whole vectors of four, so each vector starts where a line of the cache does. */
const whole = (numbers: number): number => Math.ceil(numbers / LINE) * LINE;

/**
 * WebAssembly memory with slots for states that updates write in place, and with room for the gradients of one step. Its
 * size never changes: views of it stay valid.
 */
export class Region {
  readonly memory: Memory;
  readonly #slots = new Map<Variable, Slot>();
  readonly #room: number;
  readonly #roomLength: number;

  /** @throws RangeError when there is not enough memory. */
  constructor(states: readonly Variable[], room: number) {
    let next = 0;
    const place = states.map((variable) => {
      const start = next;
      next += whole(variable.size);
      return start;
    });
    this.#room = next;
    this.#roomLength = room;
    const initial = Math.max(1, Math.ceil((4 * (next + room)) / PAGE));
    this.memory = new WebAssembly.Memory({ initial, maximum: initial });
    states.forEach((variable, i) => {
      this.#slots.set(variable, new Slot(new Float32Array(this.memory.buffer, 4 * place[i]!, variable.size)));
    });
  }

  /** How many numbers of room vectors of these sizes take. */
  static roomFor(sizes: readonly number[]): number {
    return sizes.reduce((sum, size) => sum + whole(size), 0);
  }

  /** Whether there are slots for these states, and so much room. */
  fits(states: readonly Variable[], room: number): boolean {
    return room <= this.#roomLength && states.every((state) => this.#slots.has(state));
  }

  /** The variables that have a slot here. */
  get variables(): Iterable<Variable> {
    return this.#slots.keys();
  }

  slot(variable: Variable): Slot {
    return this.#slots.get(variable)!;
  }

  /** Vectors of these sizes in the room, one after the other. */
  views(sizes: readonly number[]): Float32Array[] {
    let next = this.#room;
    return sizes.map((size) => {
      const view = new Float32Array(this.memory.buffer, 4 * next, size);
      next += whole(size);
      return view;
    });
  }

  /** Whoever is resident here gets memory of its own. */
  evictAll(): void {
    for (const slot of this.#slots.values()) slot.evict();
  }
}
