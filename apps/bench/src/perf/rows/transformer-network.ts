import { trainableVariables } from '@crossmodal/core';
import type { Tensor, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';

interface Options {
  vocabulary: number;
  length: number;
  width: number;
  heads: number;
  hidden: number;
  depth: number;
}

interface Network {
  variables: Variable[];
  /** Token ids [batch, length] to [batch, length, width]. */
  apply(ids: Tensor): Tensor3D;
}

const dense = (from: number, units: number, activation?: 'relu'): LayersModel =>
  sequential({ layers: [layers.dense({ inputShape: [null, from] as number[], units, activation })] });

/** Post-norm Transformer encoder with ReLU, as PyTorch's `nn.TransformerEncoderLayer` is by default, without dropout. */
export function transformerNetwork({ vocabulary, length, width, heads, hidden, depth }: Options): Network {
  const embedding = sequential({
    layers: [layers.embedding({ inputDim: vocabulary, outputDim: width, inputLength: length })],
  });
  const norm = () =>
    sequential({ layers: [layers.layerNormalization({ inputShape: [length, width], epsilon: 1e-5 })] });
  const blocks = Array.from({ length: depth }, () => ({
    project: dense(width, 3 * width),
    merge: dense(width, width),
    expand: dense(width, hidden, 'relu'),
    contract: dense(hidden, width),
    norms: [norm(), norm()] as const,
  }));
  const attend = (qkv: Tensor): Tensor => {
    const batch = qkv.shape[0] as number;
    const depthPerHead = width / heads;
    const split = tf.transpose(tf.reshape(qkv, [batch, length, 3, heads, depthPerHead]), [2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(split) as [Tensor, Tensor, Tensor];
    const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(depthPerHead)));
    return tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [batch, length, width]);
  };
  const call = (net: LayersModel, x: Tensor) => net.apply(x) as Tensor;
  return {
    variables: [
      embedding,
      ...blocks.flatMap(({ project, merge, expand, contract, norms }) => [project, merge, expand, contract, ...norms]),
    ].flatMap(trainableVariables),
    apply(ids) {
      let x = call(embedding, ids);
      for (const { project, merge, expand, contract, norms } of blocks) {
        x = call(norms[0], tf.add(x, call(merge, attend(call(project, x)))));
        x = call(norms[1], tf.add(x, call(contract, call(expand, x))));
      }
      return x as Tensor3D;
    },
  };
}

/** Of the forward products of one item. */
export function transformerFlops({ length, width, hidden, depth }: Options): number {
  const perToken = 2 * width * (3 * width + width + 2 * hidden) + 4 * length * width;
  return depth * length * perToken;
}
