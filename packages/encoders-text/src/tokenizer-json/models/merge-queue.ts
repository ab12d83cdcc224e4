/** Merges that wait, least rank first, then leftmost: a binary heap in arrays. */
export class MergeQueue {
  readonly #ranks: number[] = [];
  readonly #places: number[] = [];
  readonly #results: number[] = [];

  get size(): number {
    return this.#ranks.length;
  }

  push(rank: number, place: number, result: number): void {
    let i = this.#ranks.length;
    this.#set(i, rank, place, result);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** Takes the first out: its place and the token that it gives. */
  pop(): { place: number; result: number } {
    const first = { place: this.#places[0]!, result: this.#results[0]! };
    const last = this.#ranks.length - 1;
    this.#swap(0, last);
    this.#ranks.pop();
    this.#places.pop();
    this.#results.pop();
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < last && this.#before(child, least)) least = child;
      if (least === i) return first;
      this.#swap(i, least);
      i = least;
    }
  }

  #before(a: number, b: number): boolean {
    const difference = this.#ranks[a]! - this.#ranks[b]!;
    return difference < 0 || (difference === 0 && this.#places[a]! < this.#places[b]!);
  }

  #set(i: number, rank: number, place: number, result: number): void {
    this.#ranks[i] = rank;
    this.#places[i] = place;
    this.#results[i] = result;
  }

  #swap(a: number, b: number): void {
    const [rank, place, result] = [this.#ranks[a]!, this.#places[a]!, this.#results[a]!];
    this.#set(a, this.#ranks[b]!, this.#places[b]!, this.#results[b]!);
    this.#set(b, rank, place, result);
  }
}
