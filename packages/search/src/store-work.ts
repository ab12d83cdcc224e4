import { CrossmodalError } from '@crossmodal/core';

/** What a store on a server has under way: writes one after the other, and an end that waits for all of it. */
export class StoreWork {
  readonly #where: string;
  readonly #working = new Set<Promise<unknown>>();
  #writing: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(where: string) {
    this.#where = where;
  }

  /**
   * The name of a method in messages.
   *
   * @throws CrossmodalError when the store is closed
   */
  name(method: string): string {
    if (this.#closing) throw new CrossmodalError(`${this.#where}.${method}: the store is closed`);
    return `${this.#where}.${method}`;
  }

  /** Work that `close` waits for. */
  track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    );
    this.#working.add(settled);
    void settled.then(() => this.#working.delete(settled));
    return work;
  }

  /** One write after the other: those of one table would only conflict and be repeated. */
  write<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(work);
    this.#writing = result.catch(() => {});
    return this.track(result);
  }

  /** Refuses every method from here on, waits for what is under way, then gives back what the store holds; once. */
  close(giveBack: () => Promise<void> | void): Promise<void> {
    this.#closing ??= Promise.all(this.#working).then(giveBack);
    return this.#closing;
  }
}
