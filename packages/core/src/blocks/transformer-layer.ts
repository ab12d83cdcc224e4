import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { mergeHeads, scaledDotProductAttention, splitHeads } from '../layers/attention.js';
import type { WeightSpecs } from '../model-files/weight-plan.js';
import { type LinearLayout, layerNormalization, linear, linearSpecs, normSpecs } from './linear.js';
import type { Parameters, Run } from './parameters.js';

/** What a family calls the parts of a layer. */
export interface LayerNames {
  /** One name for query, key and value side by side, or three. */
  projections: string | readonly [query: string, key: string, value: string];
  output: string;
  attentionNorm: string;
  inner: string;
  outer: string;
  feedForwardNorm: string;
  /** A factor per channel behind each part (LayerScale). */
  scales?: readonly [attention: string, feedForward: string];
}

/** A Transformer layer: sizes, variants, and names. */
export interface TransformerLayer {
  width: number;
  hidden: number;
  heads: number;
  names: LayerNames;
  /** Where layer normalisation stands: before each part, or after the residual sum. */
  normalization: 'pre' | 'post';
  epsilon: number;
  activation: (x: Tensor) => Tensor;
  /** The inner map gives two halves; the activation of the first is multiplied by the second (GLU). */
  gated?: boolean;
  layout?: LinearLayout;
  bias?: { attention?: boolean; key?: boolean; output?: boolean; feedForward?: boolean; norms?: boolean };
  /** The first layer of ModernBERT normalises its input elsewhere. */
  withoutAttentionNorm?: boolean;
  /** Of what the parts add (`feedForward`, where it differs), of the weights of attention, and inside of the feed-forward part. */
  dropout?: { hidden: number; attention: number; inner?: number; feedForward?: number };
}

/** What a layer gets besides its input. */
export interface LayerInputs {
  /** Added to the scores of attention. */
  bias?: Tensor | undefined;
  /** Turns queries and keys, [batch, heads, length, dim]. */
  rotate?: ((x: Tensor4D) => Tensor4D) | undefined;
}

/**
 * The weights of a layer.
 *
 * @throws CrossmodalError when the heads do not divide the width
 */
export function transformerLayerSpecs(layer: TransformerLayer): WeightSpecs {
  const { width, hidden, heads, names, gated, layout = 'outIn', bias = {} } = layer;
  if (width % heads !== 0) {
    throw new CrossmodalError(`config.json: the number of heads must divide the width, got ${heads} and ${width}`);
  }
  const { attention = true, key = attention, output = attention, feedForward = true, norms = true } = bias;
  const map = (name: string, from: number, to: number, withBias: boolean) =>
    linearSpecs(name, from, to, { bias: withBias, layout });
  return {
    ...projectionSpecs(names.projections, map, width, { attention, key }),
    ...map(names.output, width, width, output),
    ...(layer.withoutAttentionNorm ? {} : normSpecs(names.attentionNorm, width, { bias: norms })),
    ...map(names.inner, width, gated ? 2 * hidden : hidden, feedForward),
    ...map(names.outer, hidden, width, feedForward),
    ...normSpecs(names.feedForwardNorm, width, { bias: norms }),
    ...(names.scales ? Object.fromEntries(names.scales.map((name) => [name, { shape: [width] }])) : {}),
  };
}

function projectionSpecs(
  projections: LayerNames['projections'],
  map: (name: string, from: number, to: number, bias: boolean) => WeightSpecs,
  width: number,
  { attention, key }: { attention: boolean; key: boolean },
): WeightSpecs {
  if (typeof projections === 'string') return map(projections, width, 3 * width, attention);
  const [query, keys, value] = projections;
  return {
    ...map(query, width, width, attention),
    ...map(keys, width, width, key),
    ...map(value, width, width, attention),
  };
}

/**
 * Self-attention and a feed-forward part, each with a residual sum and a normalisation; the variants of the families are data.
 *
 * @param x [batch, length, width]
 * @returns the same shape
 */
export function transformerLayer(
  parameters: Parameters,
  x: Tensor,
  layer: TransformerLayer,
  inputs: LayerInputs,
  run: Run,
): Tensor {
  const { names, normalization, epsilon, dropout } = layer;
  const rate = dropout?.hidden ?? 0;
  const scaled = (y: Tensor, i: 0 | 1) => (names.scales ? tf.mul(y, parameters.get(names.scales[i])) : y);
  const norm = (name: string, y: Tensor) => layerNormalization(parameters, name, y, epsilon);
  const attend = (y: Tensor) => run.drop(scaled(attention(parameters, y, layer, inputs, run), 0), rate);
  const feed = (y: Tensor) => run.drop(scaled(feedForward(parameters, y, layer, run), 1), dropout?.feedForward ?? rate);
  if (normalization === 'pre') {
    const before = layer.withoutAttentionNorm ? x : norm(names.attentionNorm, x);
    const middle = tf.add(x, attend(before));
    return tf.add(middle, feed(norm(names.feedForwardNorm, middle)));
  }
  const middle = norm(names.attentionNorm, tf.add(attend(x), x));
  return norm(names.feedForwardNorm, tf.add(feed(middle), middle));
}

function attention(
  parameters: Parameters,
  x: Tensor,
  { names, heads, layout, dropout }: TransformerLayer,
  { bias, rotate }: LayerInputs,
  run: Run,
): Tensor {
  const options = { layout: layout ?? 'outIn', run };
  const parts =
    typeof names.projections === 'string'
      ? tf.split(linear(parameters, names.projections, x, options), 3, 2)
      : names.projections.map((name) => linear(parameters, name, x, options));
  const [query, key, value] = parts.map((part) => splitHeads(part, heads)) as [Tensor4D, Tensor4D, Tensor4D];
  const turn = rotate ?? ((y: Tensor4D) => y);
  const { output } = scaledDotProductAttention(turn(query), turn(key), value, {
    bias,
    drop: (weights) => run.drop(weights, dropout?.attention ?? 0),
  });
  return linear(parameters, names.output, mergeHeads(output), options);
}

function feedForward(
  parameters: Parameters,
  x: Tensor,
  { names, activation, gated, layout, dropout }: TransformerLayer,
  run: Run,
): Tensor {
  const options = { layout: layout ?? 'outIn', run };
  let inner = linear(parameters, names.inner, x, options);
  if (gated) {
    const [first, second] = tf.split(inner, 2, inner.rank - 1) as [Tensor, Tensor];
    inner = tf.mul(activation(first), second);
  } else {
    inner = activation(inner);
  }
  return linear(parameters, names.outer, run.drop(inner, dropout?.inner ?? 0), options);
}
