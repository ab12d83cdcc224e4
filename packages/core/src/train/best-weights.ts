import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedVariables } from '../variables.js';

/** Holds the variables of a step as they were at one moment. */
export class BestWeights {
  readonly #variables: () => NamedVariables;
  #copies: [Variable, tf.Tensor][] = [];

  constructor(step: { namedState(): NamedVariables }) {
    this.#variables = () => step.namedState();
  }

  take(): void {
    this.dispose();
    // A clone keeps its numbers when the variable is assigned others.
    this.#copies = Object.values(this.#variables()).map((variable) => [variable, tf.keep(tf.clone(variable))]);
  }

  restore(): void {
    for (const [variable, copy] of this.#copies) variable.assign(copy);
  }

  dispose(): void {
    tf.dispose(this.#copies.map(([, copy]) => copy));
    this.#copies = [];
  }
}
