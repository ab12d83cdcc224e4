/**
 * Texts with a value each, found by what a longer text goes on with: a trie over UTF-16 units whose edges are one hash table
 * of open addressing, so that a million nodes take some 20 MB.
 */
export class PrefixTree {
  #nodes = 1;
  #mask = 1023;
  #used = 0;
  /** Node and unit of an edge; 0 is no edge, as no edge leads to the root. */
  #parents = new Int32Array(1024);
  #units = new Uint16Array(1024);
  #children = new Int32Array(1024);
  readonly #values = new Map<number, number>();

  add(text: string, value: number): void {
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      node = this.#child(node, unit) || this.#insert(node, unit);
    }
    this.#values.set(node, value);
  }

  /** Calls back for each of the texts that `text` has at `start`, the shortest first. */
  forEachAt(text: string, start: number, found: (end: number, value: number) => void): void {
    let node = 0;
    for (let i = start; i < text.length; i++) {
      node = this.#child(node, text.charCodeAt(i));
      if (node === 0) return;
      const value = this.#values.get(node);
      if (value !== undefined) found(i + 1, value);
    }
  }

  #slot(node: number, unit: number): number {
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit + 1, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & this.#mask;
    while (this.#children[slot] !== 0 && (this.#parents[slot] !== node || this.#units[slot] !== unit)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #child(node: number, unit: number): number {
    return this.#children[this.#slot(node, unit)]!;
  }

  #insert(node: number, unit: number): number {
    if (++this.#used * 2 > this.#mask) this.#grow();
    const slot = this.#slot(node, unit);
    this.#parents[slot] = node;
    this.#units[slot] = unit;
    this.#children[slot] = this.#nodes;
    return this.#nodes++;
  }

  #grow(): void {
    const [parents, units, children] = [this.#parents, this.#units, this.#children];
    const size = 2 * (this.#mask + 1);
    this.#mask = size - 1;
    this.#parents = new Int32Array(size);
    this.#units = new Uint16Array(size);
    this.#children = new Int32Array(size);
    for (const [i, child] of children.entries()) {
      if (child === 0) continue;
      const slot = this.#slot(parents[i]!, units[i]!);
      this.#parents[slot] = parents[i]!;
      this.#units[slot] = units[i]!;
      this.#children[slot] = child;
    }
  }
}
