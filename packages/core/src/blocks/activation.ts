import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { gelu, geluTanh, quickGelu } from '../layers/activations.js';

const swish = (x: Tensor): Tensor => tf.mul(x, tf.sigmoid(x));
const mish = (x: Tensor): Tensor => tf.mul(x, tf.tanh(tf.softplus(x)));

/** By the names that config.json has for them. */
const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_10: (x) => tf.clipByValue(gelu(x), -10, 10),
  gelu_python: gelu,
  gelu_accurate: geluTanh,
  gelu_python_tanh: geluTanh,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  quick_gelu: quickGelu,
  elu: (x) => tf.elu(x),
  leaky_relu: (x) => tf.leakyRelu(x, 0.01), // torch's slope
  mish,
  relu: (x) => tf.relu(x),
  relu2: (x) => tf.square(tf.relu(x)),
  relu6: (x) => tf.relu6(x),
  silu: swish,
  swish,
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  linear: (x) => x,
};

/**
 * The activation of that name.
 *
 * @throws CrossmodalError when there is none
 */
export function activationOf(where: string, name: string): (x: Tensor) => Tensor {
  if (!Object.hasOwn(activations, name)) {
    throw new CrossmodalError(
      `${where}: there is no activation '${name}'; there are ${Object.keys(activations).join(', ')}`,
    );
  }
  return activations[name]!;
}
