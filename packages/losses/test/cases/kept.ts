import type { Scalar, Tensor, TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

const made = new Map<string, TensorContainer>();

/** Constants of a case, made once and kept, so that a leak check sees the loss alone. */
export function kept<T extends TensorContainer>(key: string, make: () => T): T {
  let constants = made.get(key);
  if (!constants) {
    constants = make();
    for (const tensor of tf.tensor_util.getTensorsInContainer(constants)) tf.keep(tensor);
    made.set(key, constants);
  }
  return constants as T;
}

/** -mean(x), and x freed: what turns a likelihood per row into a loss. */
export function negativeMean(x: Tensor): Scalar {
  const loss = tf.tidy(() => tf.neg(tf.mean(x)) as Scalar);
  x.dispose();
  return loss;
}

/** -x, and x freed. */
export function negative(x: Scalar): Scalar {
  const loss = tf.neg(x);
  x.dispose();
  return loss;
}
