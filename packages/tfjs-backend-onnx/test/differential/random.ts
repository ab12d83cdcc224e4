/** Numbers that look random and are the same for the same seed. */
export class Random {
  constructor(private state: number) {}

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)]!;
  }

  /** Some of the choices in their order, at least `least`. */
  some<T>(choices: readonly T[], least = 0): T[] {
    const chosen = choices.filter(() => this.chance(0.5));
    return chosen.length >= least ? chosen : choices.slice(0, least);
  }

  shuffled<T>(list: readonly T[]): T[] {
    const result = list.slice();
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.whole(0, i);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }

  /** A small shape, now and then with an axis of length zero. */
  shape({ least = 0, most = 6, size = 4, empty = 0.04 } = {}): number[] {
    const rank = this.whole(least, most);
    const limit = rank > 4 ? Math.min(size, 2) : size;
    const shape = Array.from({ length: rank }, () => this.whole(1, limit));
    if (rank > 0 && this.chance(empty)) shape[this.whole(0, rank - 1)] = 0;
    return shape;
  }

  /** A shape that broadcasts against another one, and does not enlarge it. */
  part(shape: readonly number[]): number[] {
    const part = shape.slice(this.chance(0.3) ? this.whole(0, shape.length) : 0);
    return part.map((size) => (this.chance(0.3) ? 1 : size));
  }
}
