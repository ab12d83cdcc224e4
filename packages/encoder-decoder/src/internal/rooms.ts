import type { Inputs } from '@crossmodal/core';

/**
 * What generation keeps for inputs of one shape until the next call; the one that was not used for longest is given up when there are
 * more than `capacity`.
 */
export class Rooms<Room extends { dispose(): void }> {
  readonly #capacity: number;
  readonly #rooms = new Map<string, Room>();

  constructor({ capacity = 4 }: { capacity?: number } = {}) {
    this.#capacity = capacity;
  }

  /** The room of that key, made when there is none. */
  of(key: string, make: () => Room): Room {
    const room = this.#rooms.get(key) ?? make();
    this.#rooms.delete(key);
    this.#rooms.set(key, room);
    for (const [other, old] of this.#rooms) {
      if (this.#rooms.size <= this.#capacity) break;
      old.dispose();
      this.#rooms.delete(other);
    }
    return room;
  }

  dispose(): void {
    for (const room of this.#rooms.values()) room.dispose();
    this.#rooms.clear();
  }
}

/** Names and shapes of inputs, in one order. */
export const shapesOf = (inputs: Inputs): string =>
  Object.entries(inputs)
    .map(([name, { shape }]) => `${name}[${shape}]`)
    .sort()
    .join(' ');
