import type { NamedVariables } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Runs something whose effect on the moving statistics of normalisations among these variables is taken back; inside a tidy. */
export function withoutMoving<T>(variables: NamedVariables, run: () => T): T {
  const moving = Object.entries(variables).filter(([name]) => /\/moving_(mean|variance)$/.test(name));
  const before = moving.map(([, variable]) => tf.clone(variable as Tensor));
  const result = run();
  moving.forEach(([, variable], i) => {
    variable.assign(before[i] as Tensor);
  });
  return result;
}
