import { machineMemory } from '../machine-memory.js';
import { PACKED_SHARE } from '../machine-thresholds.js';

/** Bytes of weights that are constants of graphs, of all compiled functions of a backend. */
export class PackedBytes {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether so many more may be. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= PACKED_SHARE * machineMemory();
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}
