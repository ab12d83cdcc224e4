/** Lets any number of readers in, or one writer, in the order in which they come. */
export class ReadWriteLock {
  #writer: Promise<unknown> = Promise.resolve();
  #readers: Promise<unknown>[] = [];

  /** Runs when earlier writers are done. */
  read<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#writer.then(work);
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#readers.push(settled);
    void settled.then(() => {
      const at = this.#readers.indexOf(settled);
      if (at >= 0) this.#readers.splice(at, 1);
    });
    return result;
  }

  /** Runs when everybody who came earlier is done. */
  write<T>(work: () => Promise<T>): Promise<T> {
    const earlier = [this.#writer, ...this.#readers];
    this.#readers = [];
    const result = Promise.all(earlier).then(work);
    this.#writer = result.then(
      () => {},
      () => {},
    );
    return result;
  }
}
