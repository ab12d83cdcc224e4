import type { Nd } from './nd.js';
import type { Random } from './random.js';

export type Inputs = Record<string, Nd | undefined> | Nd[];
export type Attributes = Record<string, unknown>;

/** One call of a kernel. */
export interface Case {
  inputs: Inputs;
  attrs?: Attributes;
  /** What it must give, in double precision. */
  expected?: (inputs: Record<string, Nd>, attrs: Attributes) => Nd | Nd[];
  /** It must fail, however it is computed. */
  fails?: boolean;
  /** The gradients of these inputs are compared with differences of `expected` in double precision. */
  differentiable?: readonly string[];
  /** Relative to the largest number. */
  tolerance?: number;
}

export type MakeCase = (random: Random, numbers: NumbersOf) => Case;

/** Makes numbers of one kind: those of a round are all plain, or some of them special. */
export type NumbersOf = (shape: readonly number[], dtype?: Nd['dtype'], range?: Range) => Nd;

export interface Range {
  low?: number;
  high?: number;
  /** No NaN, infinities or huge numbers. */
  plain?: boolean;
}

const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0, 1e-40, -1e-45, 1, -1, 0.5, 3e38, -1e10, 2.5, -2.5];
const INTEGERS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 46341, -7, 1000003];

export function numbersOf(random: Random, special: boolean): NumbersOf {
  return (shape, dtype = 'float32', { low = -3, high = 3, plain = false } = {}) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const one = (): number => {
      if (dtype === 'bool') return random.whole(0, 1);
      const extreme = special && !plain && random.chance(0.4);
      if (dtype === 'int32') return extreme ? random.pick(INTEGERS) : random.whole(Math.ceil(low), Math.floor(high));
      return Math.fround(extreme ? random.pick(SPECIAL) : low + (high - low) * random.next());
    };
    const values = Array.from({ length: size }, one);
    const imag = dtype === 'complex64' ? { imag: Array.from({ length: size }, one) } : {};
    return { shape: shape.slice(), dtype, values, ...imag };
  };
}
