import { type DataId, engine, type KernelBackend } from '@tensorflow/tfjs-core';
import type { TensorMemory } from './tensor-memory.js';

/** A data id of this backend, which knows its memory: looking it up costs nothing. Others see an empty object. */
class OwnId {
  readonly #storage: Storage;
  #memory: TensorMemory | undefined;

  constructor(storage: Storage, memory: TensorMemory) {
    this.#storage = storage;
    this.#memory = memory;
  }

  static isOf(storage: Storage, dataId: DataId): dataId is OwnId {
    return dataId instanceof OwnId && dataId.#storage === storage;
  }

  static memoryOf(dataId: OwnId): TensorMemory | undefined {
    return dataId.#memory;
  }

  static setMemory(dataId: OwnId, memory: TensorMemory | undefined): void {
    dataId.#memory = memory;
  }
}

/** The memory of the tensors of a backend, by data id. Has the methods of tfjs's `DataStorage`. */
export class Storage {
  /** Of data ids that come from other backends. */
  private readonly moved = new WeakMap<DataId, TensorMemory>();
  private count = 0;

  constructor(private readonly backend: KernelBackend) {}

  /** A new data id for memory. */
  add(memory: TensorMemory): DataId {
    this.count++;
    return new OwnId(this, memory);
  }

  /** The memory of a data id, which comes here if it is still with another backend. @throws when there is none. */
  get(dataId: DataId): TensorMemory {
    const memory = this.find(dataId);
    if (memory !== undefined) return memory;
    engine().moveData(this.backend, dataId);
    return this.find(dataId)!;
  }

  has(dataId: DataId): boolean {
    return this.find(dataId) !== undefined;
  }

  set(dataId: DataId, memory: TensorMemory): void {
    if (!this.has(dataId)) this.count++;
    if (OwnId.isOf(this, dataId)) OwnId.setMemory(dataId, memory);
    else this.moved.set(dataId, memory);
  }

  delete(dataId: DataId): void {
    if (this.has(dataId)) this.count--;
    if (OwnId.isOf(this, dataId)) OwnId.setMemory(dataId, undefined);
    else this.moved.delete(dataId);
  }

  numDataIds(): number {
    return this.count;
  }

  find(dataId: DataId): TensorMemory | undefined {
    return OwnId.isOf(this, dataId) ? OwnId.memoryOf(dataId) : this.moved.get(dataId);
  }
}
