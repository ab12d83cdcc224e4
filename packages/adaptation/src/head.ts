import { allocateWeights, assertBackend, type NamedVariables, type Random, requireInteger } from '@crossmodal/core';
import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A small network on features: linear layers with ReLU between them, logits at the end. */
export interface Head {
  /** [batch, inputs] to [batch, outputs] */
  apply(x: Tensor2D): Tensor2D;
  namedVariables(): NamedVariables;
  trainableVariables(): Variable[];
  dispose(): void;
}

export interface HeadOptions {
  inputs: number;
  /** Widths of the hidden layers; none makes a linear classifier. */
  hidden: readonly number[];
  outputs: number;
  random: Random;
}

/** Weights uniform in +-sqrt(6 / (in + out)) (Glorot and Bengio, 2010, equation 16), biases 0. */
export function head(caller: string, { inputs, hidden, outputs, random }: HeadOptions): Head {
  assertBackend(caller);
  const sizes = [inputs, ...hidden, outputs];
  for (const size of sizes) requireInteger(`${caller}: each layer size`, size);
  const layers = sizes.slice(1).map((units, i) => {
    const fanIn = sizes[i] as number;
    const values = allocateWeights([fanIn, units]);
    random.fillUniform(values);
    const bound = Math.sqrt(6 / (fanIn + units));
    return tf.tidy(() => ({
      kernel: tf.variable(
        tf.tensor2d(
          values.map((u) => bound * (2 * u - 1)),
          [fanIn, units],
        ),
      ),
      bias: tf.variable(tf.zeros([units])),
    }));
  });
  const variables: NamedVariables = {};
  layers.forEach(({ kernel, bias }, i) => {
    variables[`${i}/kernel`] = kernel;
    variables[`${i}/bias`] = bias;
  });
  return {
    apply: (x) =>
      tf.tidy(() =>
        layers.reduce<Tensor2D>((h, { kernel, bias }, i) => {
          const y = tf.add(tf.matMul(h, kernel as unknown as Tensor2D), bias) as Tensor2D;
          return i < layers.length - 1 ? tf.relu(y) : y;
        }, x),
      ),
    namedVariables: () => ({ ...variables }),
    trainableVariables: () => Object.values(variables),
    dispose: () => tf.dispose(variables),
  };
}
