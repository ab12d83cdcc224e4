import { engine, type Tensor as TfTensor, type Variable } from '@tensorflow/tfjs-core';
import { type BackendValues, type Entry, ownNumbers } from '../entry.js';
import type { Numbers } from '../ir/graph.js';
import type { RecordingBackend } from '../recording-backend.js';
import { type Memory, PAGE, WebAssembly } from './webassembly.js';

/** Each vector starts at a multiple of this many numbers, a line of the cache: kernels write whole vectors of four. */
const LINE = 16;
const whole = (numbers: number): number => Math.ceil(numbers / LINE) * LINE;

/**
 * WebAssembly memory in which states live that updates write in place, with room for the gradients of one step. Its
 * size never changes: views of it stay valid.
 */
export class Region {
  readonly memory: Memory;
  private readonly slots = new Map<Variable, Float32Array>();
  private readonly room: number;
  private readonly roomLength: number;
  /** Compiled functions that write here. */
  private users = 0;

  /** @throws RangeError when there is not enough memory. */
  constructor(states: readonly Variable[], room: number) {
    let next = 0;
    const place = states.map((variable) => {
      const start = next;
      next += whole(variable.size);
      return start;
    });
    this.room = next;
    this.roomLength = room;
    const initial = Math.max(1, Math.ceil((4 * (next + room)) / PAGE));
    this.memory = new WebAssembly.Memory({ initial, maximum: initial });
    states.forEach((variable, i) => {
      this.slots.set(variable, new Float32Array(this.memory.buffer, 4 * place[i]!, variable.size));
    });
  }

  /** How many numbers of room vectors of these sizes take. */
  static roomFor(sizes: readonly number[]): number {
    return sizes.reduce((sum, size) => sum + whole(size), 0);
  }

  /** The region in which these states live already, if they fit, or a new one. */
  static of(backend: RecordingBackend, states: readonly Variable[], room: number): Region {
    const known = backend.regions.get(states[0]!);
    const fits = known !== undefined && room <= known.roomLength && states.every((state) => known.slots.has(state));
    const region = fits ? known : new Region(states, room);
    region.users++;
    for (const state of states) backend.regions.set(state, region);
    return region;
  }

  /** One function less that writes here. After the last, the variables get memory of their own, and this one is free. */
  leave(backend: RecordingBackend): void {
    this.users--;
    if (this.users > 0) return;
    for (const [variable, slot] of this.slots) {
      if (backend.regions.get(variable) === this) backend.regions.delete(variable);
      // Gone, or taken over by another backend.
      if (variable.isDisposed || backend.refCount(variable.dataId) === 0) continue;
      const entry = backend.entry(variable.dataId);
      if (entry.resident && entry.values === slot) ownNumbers(entry);
    }
  }

  slot(variable: Variable): Float32Array {
    return this.slots.get(variable)!;
  }

  /** Vectors of these sizes in the room, one after the other. */
  views(sizes: readonly number[]): Float32Array[] {
    let next = this.room;
    return sizes.map((size) => {
      const view = new Float32Array(this.memory.buffer, 4 * next, size);
      next += whole(size);
      return view;
    });
  }

  /**
   * Makes the slot the memory of the variable; whoever shares its numbers so far keeps them.
   * @returns whether other memory than the slot was given up.
   */
  claim(backend: RecordingBackend, variable: Variable): boolean {
    const slot = this.slot(variable);
    let entry = backend.entry(variable.dataId);
    if (entry.resident && entry.values === slot && entry.refCount === 1) return false;
    if (entry.values === undefined) backend.numbers(entry);
    if (entry.refCount > 1) {
      if (entry.values === slot) ownNumbers(entry);
      slot.set(entry.values as Numbers as Float32Array);
      const tensor = engine().makeTensorFromTensorInfo(
        backend.tensorOfNumbers(slot as BackendValues, variable.shape, 'float32'),
        backend,
      ) as TfTensor;
      variable.assign(tensor);
      tensor.dispose();
      entry = backend.entry(variable.dataId);
    } else if (entry.values !== slot) slot.set(entry.values as Numbers as Float32Array);
    this.settle(entry, slot);
    return true;
  }

  /** The numbers of the entry are those of the slot. */
  settle(entry: Entry, slot: Float32Array): void {
    if (entry.resident && entry.values === slot) return;
    entry.values = slot;
    entry.resident = true;
    entry.shared = false;
    entry.foreign = false;
    entry.leaf = undefined;
    entry.spare = undefined;
  }
}
