import type { DataType } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import { type ElementType, inputValue, type Numbers, sameShape, type Value } from '../ir/graph.js';
import { full } from '../ir/ops.js';
import { uniformNumber } from '../ir/uniform.js';
import { UNIFORM_NUMBERS } from '../machine-thresholds.js';
import { ortTensor, resultTensor } from '../run/session.js';
import { HostSource } from './host-source.js';
import { type BackendValues, elementType } from './numbers.js';
import type { Resident, Slot } from './slot.js';
import { type BufferedState, DISPOSED, type FirstState, type MemoryState, onHost } from './state.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The memory of one tfjs data id. Everything that changes its state is a method of this class, so the rules hold
 * wherever it is used:
 *
 * - Numbers that anybody else may hold (`host`) are never written again.
 * - Compiled functions write buffers that they made for a variable (`buffered`) and slots (`resident`). Whoever wants to
 *   hold numbers from there makes them `host`: a buffer is given away, a slot is copied.
 * - A slot has at most one resident, which leaves it with a copy of its numbers before other numbers come in.
 */
export class TensorMemory implements Resident {
  readonly dtype: DataType;
  /** Shape at creation. Tensors that share the memory (reshapes) have their own. */
  readonly shape: readonly number[];
  #state: MemoryState;
  #references: number;
  /** The graph input made for the numbers. */
  #leaf: Value | undefined;
  /** The numbers as ONNX Runtime reads them. */
  #feed: Tensor | undefined;
  #version = 0;

  constructor(dtype: DataType, shape: readonly number[], state: FirstState, references = 1) {
    this.dtype = dtype;
    this.shape = shape;
    this.#state = state;
    this.#references = references;
    this.#leaf = undefined;
    this.#feed = undefined;
  }

  /** Numbers that are the input of a graph already. */
  static ofLeaf(dtype: DataType, leaf: Value, source: HostSource): TensorMemory {
    const memory = new TensorMemory(dtype, leaf.shape, onHost(source.numbers as BackendValues));
    memory.#leaf = leaf;
    return memory;
  }

  get state(): MemoryState {
    return this.#state;
  }

  /** Another number after anything that may have changed the numbers or where they are. */
  get version(): number {
    return this.#version;
  }

  // ---------------------------------------------------------------- references

  /** Tensors and variables that share this memory. */
  get references(): number {
    return this.#references;
  }

  retain(): void {
    this.#references++;
  }

  /** @returns how many are left. */
  release(): number {
    return --this.#references;
  }

  /** The last one is gone. */
  dispose(): void {
    if (this.#state.kind === 'resident') this.#state.slot.release(this);
    this.become(DISPOSED);
  }

  // ---------------------------------------------------------------- reading

  /** Whether the numbers are there. */
  get hasNumbers(): boolean {
    const { kind } = this.#state;
    return kind === 'host' || kind === 'lent' || kind === 'buffered' || kind === 'resident';
  }

  /** The recorded value, if it is not computed yet. */
  get value(): Value | undefined {
    return this.#state.kind === 'pending' ? this.#state.value : undefined;
  }

  /** Numbers for a reader that is done with them at once, before anything else runs. */
  numbersForNow(): BackendValues {
    const state = this.#state;
    switch (state.kind) {
      case 'host':
      case 'lent':
        return state.numbers;
      case 'buffered':
        return state.current.data as BackendValues;
      case 'resident':
        return state.slot.numbers;
      default:
        throw this.failure();
    }
  }

  /** Numbers for a reader that may hold them: this package never writes them again. */
  numbersToHold(): BackendValues {
    const state = this.#state;
    switch (state.kind) {
      case 'host':
      case 'lent':
        return state.numbers;
      case 'buffered':
        this.become(onHost(state.current.data as BackendValues));
        return state.current.data as BackendValues;
      case 'resident':
        this.leaveSlot();
        return this.numbersForNow();
      default:
        throw this.failure();
    }
  }

  /** The same under the name that kernels of tfjs's `cpu` backend read. */
  get values(): BackendValues {
    return this.numbersToHold();
  }

  /** Numbers for what is computed later: nobody ever writes them again. */
  numbersForLater(): BackendValues {
    const state = this.#state;
    if (state.kind !== 'lent') return this.numbersToHold();
    const isNumeric = elementType(this.dtype) !== undefined;
    const numbers = isNumeric ? ((state.numbers as Numbers).slice() as BackendValues) : state.numbers;
    this.become(onHost(numbers));
    return numbers;
  }

  /** The input of graphs that are computed later. */
  leaf(): Value {
    this.#leaf ??= this.makeLeaf();
    return this.#leaf;
  }

  private makeLeaf(): Value {
    const type = elementType(this.dtype)!;
    const numbers = this.numbersForNow() as Numbers;
    // tfjs's gradients are full of ones and zeros.
    if (numbers.length >= UNIFORM_NUMBERS && (numbers[0] === 0 || numbers[0] === 1)) {
      const uniform = uniformNumber(numbers);
      if (uniform !== undefined) {
        this.numbersToHold();
        return full(this.shape, uniform, type);
      }
    }
    return inputValue(new HostSource(this.numbersForLater() as Numbers), this.shape, type);
  }

  /** The numbers as the input of a run that is over before anything is written. */
  feed(shape: readonly number[], type: ElementType): Tensor {
    const numbers = this.numbersForNow() as Numbers;
    let feed = this.#feed;
    if (feed === undefined || feed.data !== numbers || !sameShape(feed.dims, shape)) {
      feed = ortTensor(numbers, shape, type);
      this.#feed = feed;
    }
    return feed;
  }

  // ---------------------------------------------------------------- changes

  /** What was pending is computed. */
  compute(numbers: BackendValues): void {
    this.become(onHost(numbers));
  }

  /** What was pending cannot be computed. */
  fail(reason: unknown): void {
    this.become({ kind: 'failed', reason });
  }

  /** The numbers may be a part of memory that is lent. */
  noteLender(): void {
    if (this.#state.kind === 'host') this.become({ kind: 'lent', numbers: this.#state.numbers });
  }

  /** Memory for the next numbers: nobody else's, and no longer this one's. `swapBuffers` brings it back. */
  takeBuffer(value: Pick<Value, 'shape' | 'type'>): Tensor {
    const state = this.#state;
    if (state.kind !== 'buffered' || state.spare === undefined) return resultTensor(value);
    const { spare } = state;
    (state as Mutable<BufferedState>).spare = undefined;
    return sameShape(spare.dims, value.shape) ? spare : ortTensor(spare.data as Numbers, value.shape, value.type);
  }

  /** A graph wrote the next numbers into memory of `takeBuffer`. */
  swapBuffers(next: Tensor): void {
    const state = this.#state;
    if (state.kind === 'buffered') {
      const buffers = state as Mutable<BufferedState>;
      buffers.spare = state.current;
      buffers.current = next;
    } else {
      if (state.kind === 'resident') state.slot.release(this);
      this.become({ kind: 'buffered', current: next, spare: undefined });
    }
    this.#feed = next;
    this.#version++;
  }

  /** An update wrote the slot in which the numbers are. */
  noteUpdate(): void {
    this.#version++;
  }

  /** Moves the numbers into a slot. */
  enterSlot(slot: Slot): void {
    const state = this.#state;
    if (state === slot.state) return;
    slot.admit(this, this.numbersForNow() as Float32Array);
    if (state.kind === 'resident') state.slot.release(this);
    this.become(slot.state);
  }

  /** Copies the numbers out of their slot, which somebody else is going to write. */
  leaveSlot(): void {
    if (this.#state.kind !== 'resident') return;
    const { slot } = this.#state;
    this.become(onHost(slot.numbers.slice()));
    slot.release(this);
  }

  private become(state: MemoryState): void {
    this.#state = state;
    this.#version++;
    this.#leaf = undefined;
    this.#feed = undefined;
  }

  private failure(): unknown {
    const state = this.#state;
    if (state.kind === 'disposed') return new Error('internal: memory used after it was disposed');
    return state.kind === 'failed' ? state.reason : new EscapedTensorError();
  }
}

/** For a tensor that escaped from the function it was recorded in. */
export class EscapedTensorError extends Error {
  override readonly name = 'EscapedTensorError';

  constructor() {
    super(
      'tfjs-backend-onnx: the tensor belongs to the inside of a compiled function and has no numbers outside of it; return it from the function',
    );
  }
}
