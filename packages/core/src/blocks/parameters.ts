import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { NamedVariables } from '../variables.js';

/** What a low-rank adaptation adds to a linear map: scale (x A') B'. */
export interface Adapter {
  /** [rank, inputs] */
  readonly a: Variable;
  /** [outputs, rank] */
  readonly b: Variable;
  readonly scale: number;
  /** Share of the inputs set to zero before A, when training. */
  readonly dropout: number;
}

/**
 * The variables of a model by the names they have in its files, seen from a place in their tree: at `encoder.layer.0` the
 * name `output.dense.weight` means `encoder.layer.0.output.dense.weight`.
 */
export class Parameters {
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #prefix: string;
  readonly #adapters: Map<string, Adapter>;

  constructor(variables: ReadonlyMap<string, Variable>, prefix = '', adapters = new Map<string, Adapter>()) {
    this.#variables = variables;
    this.#prefix = prefix;
    this.#adapters = adapters;
  }

  /** The same variables, seen from a place below this one. */
  at(place: string): Parameters {
    return place === '' ? this : new Parameters(this.#variables, `${this.#prefix}${place}.`, this.#adapters);
  }

  get(name: string): Variable {
    const variable = this.find(name);
    if (!variable) throw new CrossmodalError(`internal: the model has no weight ${this.#prefix}${name}`);
    return variable;
  }

  find(name: string): Variable | undefined {
    return this.#variables.get(this.#prefix + name);
  }

  /** The adaptation of the linear map of that name. */
  adapter(name: string): Adapter | undefined {
    return this.#adapters.get(this.#prefix + name);
  }

  /** Adaptations by the full names of the linear maps; to be changed by whoever adds or removes one. */
  get adapters(): Map<string, Adapter> {
    return this.#adapters;
  }

  named(): NamedVariables {
    return Object.fromEntries(this.#variables);
  }
}

/** How a model runs: whether it trains, and what it drops then. */
export interface Run {
  readonly training: boolean;
  /** Sets a share of the values to zero when training; the identity else. */
  drop<T extends Tensor>(x: T, rate: number): T;
}
