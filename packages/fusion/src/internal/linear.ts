import { allocateWeights, disposeVariables, type NamedVariables, type Random } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** y = x W + b over the last axis. */
export interface Linear {
  /** [..., inputs] to [..., outputs] */
  apply<T extends Tensor>(x: T): T;
  namedVariables(): NamedVariables;
  dispose(): void;
}

/** W uniform in +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010, equation 16), b zero. */
export function linear({
  inputs,
  outputs,
  random,
  bias = true,
}: {
  inputs: number;
  outputs: number;
  random: Random;
  bias?: boolean;
}): Linear {
  const values = allocateWeights([inputs, outputs]);
  random.fillUniform(values);
  const bound = Math.sqrt(6 / (inputs + outputs));
  for (let i = 0; i < values.length; i++) values[i] = bound * (2 * (values[i] as number) - 1);
  const variables: NamedVariables = tf.tidy(() => ({
    kernel: tf.variable(tf.tensor2d(values, [inputs, outputs])),
    ...(bias ? { bias: tf.variable(tf.zeros([outputs])) } : {}),
  }));
  const kernel = variables['kernel'] as unknown as Tensor2D;
  const offset = variables['bias'] as unknown as Tensor1D | undefined;
  return {
    apply: <T extends Tensor>(x: T) =>
      tf.tidy(() => {
        const flat = tf.matMul(x.rank === 2 ? (x as unknown as Tensor2D) : tf.reshape(x, [-1, inputs]), kernel);
        const y = offset ? tf.add(flat, offset) : flat;
        return (x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), outputs])) as unknown as T;
      }),
    namedVariables: () => ({ ...variables }),
    dispose: () => disposeVariables(variables),
  };
}
