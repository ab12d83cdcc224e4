import * as tf from '@tensorflow/tfjs-core';
import type { CrossmodalError } from '../errors.js';
import { disposeVariables } from '../variables.js';

/** Weights that a model may make and not save, such as tables of positions. */
const UNSAVED = 2 ** 20;

let active: WeightLimit | undefined;

/**
 * Room for the values of a new weight, zeros at first. While a model is loaded, sizes come from a config.json that anybody may
 * have written: there, a weight that the files cannot fill is refused before its memory is asked for.
 *
 * @throws CrossmodalError inside of `loadSavedModel`, when the weights are more than those of its files
 * @example
 * const values = allocateWeights([inputs, outputs]);
 */
export function allocateWeights(shape: readonly number[]): Float32Array {
  active?.claim(shape);
  return new Float32Array(shape.reduce((product, size) => product * size, 1));
}

/** How many numbers the weights of a model may have in all while it is made of its files. */
export class WeightLimit {
  #left: number;

  /** @param stored numbers in its files */
  constructor(
    private readonly stored: number,
    private readonly refuse: (problem: string, remedy: string) => CrossmodalError,
  ) {
    this.#left = 2 * stored + UNSAVED;
  }

  /** Calls `make`; what it makes before it first waits is counted, layers of tfjs-layers too, and freed when it throws. */
  within<T>(make: () => T): T {
    const before = active;
    const layer = before ? undefined : layerPrototype();
    const addWeight = layer?.addWeight;
    active = this;
    if (layer && addWeight) {
      layer.addWeight = function (this: unknown, name: string, shape: readonly number[], ...others: unknown[]) {
        active?.claim(shape);
        return addWeight.call(this, name, shape, ...others);
      };
    }
    const others = new Set(Object.values(tf.engine().state.registeredVariables));
    try {
      return make();
    } catch (error) {
      const own = Object.values(tf.engine().state.registeredVariables).filter((variable) => !others.has(variable));
      disposeVariables(own);
      throw error;
    } finally {
      active = before;
      if (layer && addWeight) layer.addWeight = addWeight;
    }
  }

  /** @throws CrossmodalError when the weights are more than the files can fill */
  claim(shape: readonly number[]): void {
    this.#left -= shape.reduce((product, size) => product * size, 1);
    if (this.#left >= 0) return;
    throw this.refuse(
      `a weight of shape [${shape}] is asked for, its files hold ${this.stored} numbers`,
      'check that config.json and weights are of the same model',
    );
  }
}

interface LayerPrototype {
  addWeight(this: unknown, name: string, shape: readonly number[], ...others: unknown[]): unknown;
}

/** What all layers of tfjs-layers inherit from, by the register of classes that it shares with tfjs-core: core does not load it. */
function layerPrototype(): LayerPrototype | undefined {
  const [dense] = tf.serialization.SerializationMap.getMap().classNameMap['Dense'] ?? [];
  let prototype = dense?.prototype as object | null | undefined;
  while (prototype && !Object.hasOwn(prototype, 'addWeight')) prototype = Object.getPrototypeOf(prototype);
  return prototype as LayerPrototype | undefined;
}
