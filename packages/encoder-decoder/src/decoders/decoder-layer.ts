import type { WeightSpecs } from '@crossmodal/core';
import {
  type LinearLayout,
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  type Parameters,
  type Run,
  type TransformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import { scaledDotProductAttention } from '@crossmodal/core/layers';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Keys and values of attention, each [rows, heads, length, dim]. */
export interface KeysAndValues {
  keys: Tensor4D;
  values: Tensor4D;
}

/** What a family calls the parts of attention to the encoder's sequence. */
export interface CrossAttention {
  query: string;
  /** One name for key and value side by side, or two. */
  keyValue: string | readonly [key: string, value: string];
  output: string;
  norm: string;
  /** Whether keys have a bias; Whisper's have none. */
  keyBias?: boolean;
}

/** A pre-norm decoder layer: self-attention, attention to the encoder's sequence if there is one, feed-forward. */
export interface DecoderLayer {
  self: TransformerLayer;
  cross?: CrossAttention;
}

/** The weights of a layer; the encoder's vectors have the layer's width. */
export function decoderLayerSpecs({ self, cross }: DecoderLayer): WeightSpecs {
  const own = transformerLayerSpecs(self);
  if (!cross) return own;
  const { width, layout = 'outIn' } = self;
  const map = (name: string, outputs: number, bias = true) => linearSpecs(name, width, outputs, { layout, bias });
  const { keyValue } = cross;
  return {
    ...own,
    ...map(cross.query, width),
    ...(typeof keyValue === 'string'
      ? map(keyValue, 2 * width)
      : { ...map(keyValue[0], width, cross.keyBias ?? true), ...map(keyValue[1], width) }),
    ...map(cross.output, width),
    ...normSpecs(cross.norm, width),
  };
}

/** Keys and values of the encoder's sequence [rows, length, width]; they are the same at every step. */
export function memoryKeys(
  parameters: Parameters,
  memory: Tensor,
  { self, cross }: DecoderLayer,
  run: Run,
): KeysAndValues {
  const options = { layout: self.layout ?? ('outIn' as LinearLayout), run };
  const { keyValue } = cross!;
  const [keys, values] =
    typeof keyValue === 'string'
      ? tf.split(linear(parameters, keyValue, memory, options), 2, 2)
      : keyValue.map((name) => linear(parameters, name, memory, options));
  return { keys: splitHeads(keys!, self.heads), values: splitHeads(values!, self.heads) };
}

/** What the attention of a layer looks at. */
export interface Attended {
  /** The keys and values to look at, where those of the places of `x` are these: they themselves, or a cache that they are put in. */
  places(own: KeysAndValues): KeysAndValues;
  /** Added to the scores of self-attention. */
  bias: Tensor | undefined;
  memory?: (KeysAndValues & { bias: Tensor | undefined }) | undefined;
}

/**
 * One layer for some places of each row.
 *
 * @param x [rows, places, width]
 * @returns the same shape
 * @see Vaswani et al. (2017), section 3; Xiong et al. (2020), pre-norm
 */
export function decoderLayer(
  parameters: Parameters,
  x: Tensor,
  { self, cross }: DecoderLayer,
  attended: Attended,
  run: Run,
): Tensor {
  const { names, heads, epsilon, dropout, activation } = self;
  const options = { layout: self.layout ?? ('outIn' as LinearLayout), run };
  const rate = dropout?.hidden ?? 0;
  const drop = (weights: Tensor4D) => run.drop(weights, dropout?.attention ?? 0);
  const norm = (name: string, y: Tensor) => layerNormalization(parameters, name, y, epsilon);
  const map = (name: string, y: Tensor) => linear(parameters, name, y, options);
  const attend = (query: Tensor, { keys, values }: KeysAndValues, bias: Tensor | undefined, output: string) => {
    const result = scaledDotProductAttention(splitHeads(query, heads), keys, values, { bias, drop });
    return run.drop(map(output, mergeHeads(result.output)), rate);
  };
  const before = norm(names.attentionNorm, x);
  const [query, keys, values] =
    typeof names.projections === 'string'
      ? (tf.split(map(names.projections, before), 3, 2) as [Tensor, Tensor, Tensor])
      : (names.projections.map((name) => map(name, before)) as [Tensor, Tensor, Tensor]);
  const places = attended.places({ keys: splitHeads(keys, heads), values: splitHeads(values, heads) });
  let y = tf.add(x, attend(query, places, attended.bias, names.output));
  if (cross && attended.memory) {
    const { memory } = attended;
    y = tf.add(y, attend(map(cross.query, norm(cross.norm, y)), memory, memory.bias, cross.output));
  }
  const inner = run.drop(activation(map(names.inner, norm(names.feedForwardNorm, y))), dropout?.inner ?? 0);
  return tf.add(y, run.drop(map(names.outer, inner), rate));
}

/** [rows, length, width] to [rows, heads, length, width / heads]. */
function splitHeads(x: Tensor, heads: number): Tensor4D {
  const [rows, length, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [rows, length, heads, width / heads]), [0, 2, 1, 3]) as Tensor4D;
}

/** [rows, heads, length, dim] to [rows, length, heads * dim]. */
function mergeHeads(x: Tensor4D): Tensor {
  const [rows, heads, length, dim] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [rows, length, heads * dim]);
}
