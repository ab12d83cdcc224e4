import { defineEncoder, type Encoder, Random } from '@crossmodal/core';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Standard normal values, the same for the same seed. */
export function seededTensor<T extends tf.Tensor = Tensor2D>(shape: number[], seed: number): T {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  new Random(seed).fillNormal(values);
  return tf.tensor(values, shape) as T;
}

/** Vectors of numbers through one layer: `features` [batch, inputs] to [batch, dimension]. */
export function denseEncoder(
  modality: string,
  { inputs, dimension, seed }: { inputs: number; dimension: number; seed: number },
): Encoder<readonly number[]> {
  const input = tfl.input({ shape: [inputs] });
  const layer = tfl.layers.dense({
    units: dimension,
    activation: 'tanh',
    kernelInitializer: tfl.initializers.glorotUniform({ seed: seed + 1 }),
    name: 'layer',
  });
  return defineEncoder<readonly number[]>({
    modality,
    model: tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor }),
    inputs: ['features'],
    prepare: async (rows) => ({ features: tf.tensor2d(rows.map((row) => [...row])) }),
  });
}

/** Sequences of vectors: `frames` [batch, length, inputs] and `mask` [batch, length]; the vector is the masked mean. */
export function sequenceEncoder(
  modality: string,
  { inputs, dimension, seed, width = dimension }: { inputs: number; dimension: number; seed: number; width?: number },
): Encoder<readonly (readonly number[])[]> {
  const weight = (units: number) =>
    tf.variable(tf.mul(seededTensor([inputs, units], seed + units), inputs ** -0.5), true, undefined, 'float32');
  const toVector = weight(dimension);
  const toSequence = weight(width);
  const apply = (frames: Tensor3D, kernel: tf.Tensor, units: number) =>
    tf.reshape(tf.tanh(tf.matMul(tf.reshape(frames, [-1, inputs]) as Tensor2D, kernel as Tensor2D)), [
      frames.shape[0],
      frames.shape[1],
      units,
    ]) as Tensor3D;
  return {
    modality,
    dimension,
    prepare: async (items) => ({
      frames: tf.tensor3d(items.map((item) => item.map((row) => [...row]))),
      mask: tf.ones([items.length, items[0]!.length]),
    }),
    encode: ({ frames, mask }) =>
      tf.tidy(() => {
        const real = tf.expandDims(mask as Tensor2D, 2);
        const total = tf.sum(tf.mul(apply(frames as Tensor3D, toVector, dimension), real), 1);
        return tf.div(total, tf.maximum(tf.sum(real, 1), 1)) as Tensor2D;
      }),
    encodeSequence: ({ frames, mask }) => ({
      sequence: tf.tidy(() => apply(frames as Tensor3D, toSequence, width)),
      mask: mask as Tensor2D,
    }),
    namedVariables: () => ({ vector: toVector, sequence: toSequence }),
    trainableVariables: () => [toVector, toSequence],
    dispose: () => tf.dispose([toVector, toSequence]),
  };
}
