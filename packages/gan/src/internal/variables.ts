import { type NamedVariables, namedVariables, trainableVariables } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** The trainable variables of a model, with the names that `namedVariables` gives them. */
export function trainableNamed(model: LayersModel): NamedVariables {
  const trainable = new Set(trainableVariables(model));
  return Object.fromEntries(Object.entries(namedVariables(model)).filter(([, variable]) => trainable.has(variable)));
}

/** Runs `body` with the variables holding the values of their namesakes, and puts their own back. */
export function exchanged<T>(variables: NamedVariables, others: Record<string, tf.Tensor>, body: () => T): T {
  const pairs = Object.entries(others).flatMap(([name, other]) => {
    const variable = variables[name];
    return variable ? [[variable, other] as const] : [];
  });
  if (pairs.length === 0) return body();
  const held = tf.tidy(() => pairs.map(([variable]) => tf.clone(variable)));
  const assign = (values: readonly tf.Tensor[]) =>
    tf.tidy(() => {
      pairs.forEach(([variable], i) => {
        variable.assign(tf.clone(values[i] as tf.Tensor));
      });
    });
  try {
    assign(pairs.map(([, other]) => other));
    return body();
  } finally {
    assign(held);
    tf.dispose(held);
  }
}
