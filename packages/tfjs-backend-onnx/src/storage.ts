import { type DataId, engine, type KernelBackend } from '@tensorflow/tfjs-core';
import type { Entry } from './entry.js';

/** A data id of this backend, which knows its entry: looking it up costs nothing. Others see an empty object. */
class OwnId {
  readonly #storage: Storage;
  #entry: Entry | undefined;

  constructor(storage: Storage, entry: Entry) {
    this.#storage = storage;
    this.#entry = entry;
  }

  static isOf(storage: Storage, dataId: DataId): dataId is OwnId {
    return dataId instanceof OwnId && dataId.#storage === storage;
  }

  static entryOf(dataId: OwnId): Entry | undefined {
    return dataId.#entry;
  }

  static setEntry(dataId: OwnId, entry: Entry | undefined): void {
    dataId.#entry = entry;
  }
}

/** The entries of a backend, by data id. Has the methods of tfjs's `DataStorage`. */
export class Storage {
  /** Of data ids that come from other backends. */
  private readonly moved = new WeakMap<DataId, Entry>();
  private count = 0;

  constructor(private readonly backend: KernelBackend) {}

  /** A new data id for an entry. */
  add(entry: Entry): DataId {
    this.count++;
    return new OwnId(this, entry);
  }

  /** The entry of a data id, which comes here if it is still with another backend. @throws when there is none. */
  get(dataId: DataId): Entry {
    const entry = this.find(dataId);
    if (entry !== undefined) return entry;
    engine().moveData(this.backend, dataId);
    return this.find(dataId)!;
  }

  has(dataId: DataId): boolean {
    return this.find(dataId) !== undefined;
  }

  set(dataId: DataId, entry: Entry): void {
    if (!this.has(dataId)) this.count++;
    if (OwnId.isOf(this, dataId)) OwnId.setEntry(dataId, entry);
    else this.moved.set(dataId, entry);
  }

  delete(dataId: DataId): void {
    if (this.has(dataId)) this.count--;
    if (OwnId.isOf(this, dataId)) OwnId.setEntry(dataId, undefined);
    else this.moved.delete(dataId);
  }

  numDataIds(): number {
    return this.count;
  }

  find(dataId: DataId): Entry | undefined {
    return OwnId.isOf(this, dataId) ? OwnId.entryOf(dataId) : this.moved.get(dataId);
  }
}
