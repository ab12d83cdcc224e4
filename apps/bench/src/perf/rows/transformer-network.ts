import { trainableVariables } from '@crossmodal/core';
import { gelu } from '@crossmodal/core/layers';
import type { Tensor, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';

interface Options {
  /** Without, the network takes vectors only. */
  vocabulary?: number;
  length: number;
  width: number;
  heads: number;
  hidden: number;
  depth: number;
  activation?: 'relu' | 'gelu';
}

interface Network {
  variables: Variable[];
  /** Token ids [batch, length] to [batch, length, width]. */
  apply(ids: Tensor): Tensor3D;
  /** The blocks alone: [batch, length, width] to the same. */
  blocks(x: Tensor): Tensor3D;
}

const dense = (from: number, units: number, activation?: 'relu'): LayersModel =>
  sequential({ layers: [layers.dense({ inputShape: [null, from] as number[], units, activation })] });

/** Post-norm Transformer encoder, with ReLU as PyTorch's `nn.TransformerEncoderLayer` is by default, without dropout. */
export function transformerNetwork({
  vocabulary,
  length,
  width,
  heads,
  hidden,
  depth,
  activation = 'relu',
}: Options): Network {
  const embedding =
    vocabulary === undefined
      ? undefined
      : sequential({ layers: [layers.embedding({ inputDim: vocabulary, outputDim: width, inputLength: length })] });
  const norm = () =>
    sequential({ layers: [layers.layerNormalization({ inputShape: [length, width], epsilon: 1e-5 })] });
  const blocks = Array.from({ length: depth }, () => ({
    project: dense(width, 3 * width),
    merge: dense(width, width),
    expand: dense(width, hidden, activation === 'relu' ? 'relu' : undefined),
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
  const through = (start: Tensor): Tensor3D => {
    let x = start;
    for (const { project, merge, expand, contract, norms } of blocks) {
      x = call(norms[0], tf.add(x, call(merge, attend(call(project, x)))));
      const expanded = call(expand, x);
      x = call(norms[1], tf.add(x, call(contract, activation === 'gelu' ? gelu(expanded) : expanded)));
    }
    return x as Tensor3D;
  };
  return {
    variables: [
      ...(embedding ? [embedding] : []),
      ...blocks.flatMap(({ project, merge, expand, contract, norms }) => [project, merge, expand, contract, ...norms]),
    ].flatMap(trainableVariables),
    apply(ids) {
      if (!embedding) throw new Error('transformerNetwork: without a vocabulary there are no ids');
      return through(call(embedding, ids));
    },
    blocks: through,
  };
}

/** Of the forward products of one item. */
export function transformerFlops({ length, width, hidden, depth }: Options): number {
  const perToken = 2 * width * (3 * width + width + 2 * hidden) + 4 * length * width;
  return depth * length * perToken;
}
