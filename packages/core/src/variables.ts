import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { CrossmodalError } from './errors.js';

/** Variables by name; what a checkpoint stores. */
export type NamedVariables = Record<string, tf.Variable>;

type Layer = layers.Layer;
type Weighted = LayersModel | Layer;

function variableOf(weight: LayerVariable): tf.Variable {
  return weight.read() as tf.Variable;
}

/**
 * The TensorFlow.js variables behind the trainable weights of a model or layer, for `trainStep` and optimisers.
 *
 * @throws CrossmodalError when the model has no weights yet.
 * @example
 * const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
 * const variables = trainableVariables(model); // kernel and bias
 */
export function trainableVariables(model: Weighted): tf.Variable[] {
  checkBuilt('trainableVariables', model);
  return model.trainableWeights.map(variableOf);
}

/**
 * All variables of a model or layer, trainable or not (as their `trainable` says), under names that do not depend on what else the process built:
 * `layer/weight`, where a layer that was not named by hand is called by its class and its place among those of its class
 * (`dense`, `dense_1`, ...).
 *
 * @throws CrossmodalError when the model has no weights yet.
 * @example
 * const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
 * Object.keys(namedVariables(model)); // ['dense/kernel', 'dense/bias']
 */
export function namedVariables(model: Weighted): NamedVariables {
  checkBuilt('namedVariables', model);
  const named: NamedVariables = {};
  // A layer that is made with `trainable: false` lists its weights as such, and leaves the flags of their variables true.
  for (const weight of model.nonTrainableWeights) variableOf(weight).trainable = false;
  if ('layers' in model && Array.isArray(model.layers)) {
    const seen = new Map<string, number>();
    for (const layer of model.layers) {
      const name = stableName(layer, seen);
      const inner = 'layers' in layer && Array.isArray(layer.layers);
      if (inner) for (const [key, value] of Object.entries(namedVariables(layer))) add(named, `${name}/${key}`, value);
      else addWeights(named, layer, `${name}/`);
    }
  } else {
    addWeights(named, model, '');
  }
  return named;
}

function addWeights(named: NamedVariables, layer: Weighted, prefix: string): void {
  for (const weight of layer.weights) {
    const scoped = weight.originalName;
    const own = scoped.startsWith(`${layer.name}/`) ? scoped.slice(layer.name.length + 1) : scoped;
    add(named, prefix + own, variableOf(weight));
  }
}

/** Two weights of one layer may share a name (the two directions of a bidirectional layer): the second gets a number. */
function add(named: NamedVariables, name: string, variable: tf.Variable): void {
  let unique = name;
  for (let i = 1; unique in named; i++) {
    if (named[unique] === variable) return;
    unique = `${name}_${i}`;
  }
  named[unique] = variable;
}

function stableName(layer: Layer, seen: Map<string, number>): string {
  const automatic = /^([a-z0-9_]+)_[A-Z]\w*?\d+$/.exec(layer.name);
  const base = automatic ? (automatic[1] as string) : layer.name;
  const count = seen.get(base) ?? 0;
  seen.set(base, count + 1);
  return count === 0 ? base : `${base}_${count}`;
}

/** A sequential model never says so of itself: its layers know. */
function isBuilt(model: Weighted): boolean {
  return 'layers' in model && Array.isArray(model.layers) ? model.layers.every(isBuilt) : model.built;
}

function checkBuilt(caller: string, model: Weighted): void {
  if (!isBuilt(model)) {
    throw new CrossmodalError(`${caller}: ${model.name} has no weights yet`, {
      remedy: 'give its first layer an inputShape, or apply it once',
    });
  }
}

/**
 * Adds a prefix to every name.
 *
 * @example
 * const both = { ...prefixed('image', namedVariables(imageModel)), ...prefixed('text', namedVariables(textModel)) };
 */
export function prefixed(prefix: string, variables: NamedVariables): NamedVariables {
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [`${prefix}/${name}`, variable]));
}

/**
 * Disposes each of the variables once.
 *
 * @example
 * disposeVariables(namedVariables(tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] })));
 */
export function disposeVariables(variables: NamedVariables | readonly tf.Variable[]): void {
  for (const variable of new Set(Object.values(variables))) if (!variable.isDisposed) tf.dispose(variable);
}
