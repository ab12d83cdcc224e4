/** In WebAssembly memory, where the updates of compiled functions write in place. */
export interface ResidentState {
  readonly kind: 'resident';
  readonly slot: Slot;
}

/** What can be resident in a slot. */
export interface Resident {
  /** Copies the numbers out of the slot, which is going to be written. */
  leaveSlot(): void;
}

/** A place in a region for the numbers of one tensor at a time. It knows whose numbers it has. */
export class Slot {
  /** The state of whoever is resident here. */
  readonly state: ResidentState = { kind: 'resident', slot: this };
  readonly #numbers: Float32Array;
  #resident: Resident | undefined;

  constructor(numbers: Float32Array) {
    this.#numbers = numbers;
  }

  /** The memory of the slot, for who reads it at once: the next update writes it. */
  get numbers(): Float32Array {
    return this.#numbers;
  }

  get resident(): Resident | undefined {
    return this.#resident;
  }

  /** Whoever is resident here takes its numbers along. */
  evict(): void {
    this.#resident?.leaveSlot();
  }

  /** Takes in the numbers of a tensor; whoever was resident takes its own along. */
  admit(resident: Resident, numbers: Float32Array): void {
    if (this.#resident === resident) return;
    this.evict();
    this.#numbers.set(numbers);
    this.#resident = resident;
  }

  /** Nobody's numbers are here any more. */
  release(resident: Resident): void {
    if (this.#resident === resident) this.#resident = undefined;
  }
}
