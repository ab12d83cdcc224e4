import {
  AdadeltaOptimizer,
  AdagradOptimizer,
  AdamaxOptimizer,
  AdamOptimizer,
  type Optimizer,
  RMSPropOptimizer,
  SGDOptimizer,
} from '@tensorflow/tfjs-core';

/** Those whose settings are JavaScript numbers that become constants of a graph. Momentum is a kind of SGD. */
const kinds: readonly { readonly prototype: object }[] = [
  SGDOptimizer,
  RMSPropOptimizer,
  AdagradOptimizer,
  AdadeltaOptimizer,
  AdamOptimizer,
  AdamaxOptimizer,
];

/** Whether an optimiser is one of TensorFlow.js. `instanceof` does not say: it takes anything that can minimise for one. */
const isOfTensorFlow = (optimizer: object): boolean =>
  kinds.some(({ prototype }) => Object.prototype.isPrototypeOf.call(prototype, optimizer));

/**
 * The settings of TensorFlow.js's own optimisers at the time a graph was made: learning rate, beta, ... The graph holds them
 * as constants, so it is that of these settings only; `setLearningRate` and assignments change them.
 */
export class OptimiserSettings {
  readonly #optimisers: readonly Optimizer[];
  readonly #settings: string;

  constructor(optimisers: Iterable<object>) {
    this.#optimisers = [...optimisers].filter(isOfTensorFlow) as Optimizer[];
    this.#settings = this.#current();
  }

  haveChanged(): boolean {
    return this.#optimisers.length > 0 && this.#current() !== this.#settings;
  }

  #current(): string {
    return JSON.stringify(this.#optimisers.map((optimizer) => optimizer.getConfig()));
  }
}
