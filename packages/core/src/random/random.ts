import { CrossmodalError } from '../errors.js';
import { normalFromKey, uniformFromKey } from './fill.js';
import { normalQuantile } from './normal-quantile.js';
import { foldIn, keyOfText, type Words } from './threefry.js';

/** Where a generator stands, as plain JSON. */
export interface RandomState {
  readonly generator: 'threefry2x32-20';
  readonly key: [number, number];
  /** How many draws were made. */
  readonly draws: number;
}

/**
 * A seeded, counter-based random generator (Threefry-2x32-20). Draw number n is a function of the seed and of n alone, so
 * the state is two words and a count, and streams forked under different names are independent.
 *
 * @example
 * const random = new Random(7);
 * const order = random.shuffle([0, 1, 2, 3]);
 * const noise = random.fork('noise');
 */
export class Random {
  readonly #key: Words;
  #draws: number;

  /**
   * @param seed an integer of at most 53 bits, or any string.
   * @throws CrossmodalError when it is neither an integer nor a string.
   */
  constructor(seed: number | string, state?: RandomState) {
    if (typeof seed !== 'string' && !Number.isSafeInteger(seed)) {
      throw new CrossmodalError(`Random: seed must be an integer or a string, got ${String(seed)}`, {
        remedy: 'set the option seed, for instance { seed: 1 }',
      });
    }
    if (state) this.#key = [state.key[0], state.key[1]];
    else if (typeof seed === 'string') this.#key = keyOfText(seed);
    else this.#key = foldIn([0, 0], seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0);
    this.#draws = state?.draws ?? 0;
  }

  /** The generator that continues where `state` was taken. */
  static fromState(state: RandomState): Random {
    if (state?.generator !== 'threefry2x32-20' || !Array.isArray(state.key) || !Number.isSafeInteger(state.draws)) {
      throw new CrossmodalError(`Random.fromState: not a state of this generator: ${JSON.stringify(state)}`);
    }
    return new Random(0, state);
  }

  get state(): RandomState {
    return { generator: 'threefry2x32-20', key: [this.#key[0], this.#key[1]], draws: this.#draws };
  }

  /** The stream of that name or number; the same name gives the same stream, whatever was drawn before. */
  fork(name: string | number): Random {
    const [low, high] = typeof name === 'string' ? keyOfText(name) : [name >>> 0, Math.floor(name / 2 ** 32) >>> 0];
    // The draws of this generator use keys folded with numbers whose top bit is clear; forks use the other half.
    const key = foldIn(foldIn(this.#key, low, high), 0x666f726b, 0x80000000);
    return new Random(0, { generator: 'threefry2x32-20', key: [key[0], key[1]], draws: 0 });
  }

  /** 64 random bits: the next draw, or key of a drawn array; or those that `position` names, without advancing. */
  drawKey(position?: readonly [step: number, index: number, part?: number | undefined]): Words {
    if (position) {
      const [step, index, part] = position;
      const key = foldIn(foldIn(this.#key, step, 0x40000000), index, 0x40000000);
      return part === undefined ? key : foldIn(key, part, 0x20000000);
    }
    const key = foldIn(this.#key, this.#draws >>> 0, Math.floor(this.#draws / 2 ** 32));
    this.#draws++;
    return key;
  }

  /** A double in [0, 1), 53 random bits. */
  uniform(): number {
    const [high, low] = this.drawKey();
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;
  }

  /** A standard normal double. */
  normal(): number {
    return normalQuantile(this.uniform() + 2 ** -54);
  }

  /** An integer in [0, n), without bias. */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1 || n > 2 ** 32) {
      throw new CrossmodalError(`Random.integer: n must be an integer from 1 to 2^32, got ${n}`);
    }
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const [word, other] = this.drawKey();
      if (word < limit) return word % n;
      if (other < limit) return other % n;
    }
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  }

  /** Fills `out` with uniforms in [0, 1); one draw, whatever the length. */
  fillUniform(out: Float32Array): void {
    uniformFromKey(this.drawKey(), out);
  }

  /** Fills `out` with standard normals; one draw, whatever the length. */
  fillNormal(out: Float32Array): void {
    normalFromKey(this.drawKey(), out);
  }
}
