import type { Variable } from '@tensorflow/tfjs-core';
import type { InputSource, Numbers } from '../ir/graph.js';

/** Where the inputs of a compiled graph come from at each replay. Numbers that stay the same are a `HostSource`. */

/** A tensor handed to the compiled function. */
export class ArgumentSource implements InputSource {
  readonly kind = 'input';
  constructor(readonly index: number) {}
}

/** The current value of a variable. */
export class StateSource implements InputSource {
  readonly kind = 'input';
  constructor(readonly variable: Variable) {}
}

/** Numbers that the host computes anew for each run. */
export class FillSource implements InputSource {
  readonly kind = 'input';
  constructor(
    readonly numbers: Numbers,
    readonly fill: (out: Numbers) => void,
  ) {}
}
