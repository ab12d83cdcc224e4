import type { WeightSpecs } from '@crossmodal/core';
import {
  averagePool,
  batchNormalization,
  batchNormSpecs,
  convolution,
  convolutionSpecs,
  depthwiseConvolution,
  depthwiseSpecs,
  linear,
  linearSpecs,
  type Padding,
  type Parameters,
  places,
  type Run,
} from '@crossmodal/core/blocks';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { pixelsOf, type VisionArchitecture } from '../vision-architecture.js';

/** A convolution and its normalisation. */
export type Pair = readonly [convolution: string, normalization: string];

/** One block: expand, convolve each channel, squeeze and excite, project. */
export interface InvertedResidual {
  expand?: Pair;
  depthwise: Pair;
  squeeze?: { reduce: string; expand: string; channels: number };
  project: Pair;
  inputs: number;
  inner: number;
  outputs: number;
  kernel: number;
  stride: number;
  dilation?: number;
  padding: Padding;
  residual: boolean;
}

/** MobileNetV2 and EfficientNet as data. */
export interface InvertedResidualNet {
  stem: { pair: Pair; channels: number; padding: Padding };
  blocks: readonly InvertedResidual[];
  top: { pair: Pair; channels: number };
  head: { name: string; classes: number } | undefined;
  prefixes: readonly string[];
  activation: (x: Tensor) => Tensor;
  epsilon: number;
  momentum: number;
  /** How the last map becomes a vector. */
  pooling?: 'mean' | 'max';
  inputChannels: number;
  size: readonly [number, number];
}

/**
 * The architecture of such a net.
 *
 * @see Sandler et al. (2018), MobileNetV2; Tan and Le (2019), EfficientNet; Hu et al. (2018), squeeze and excitation
 */
export function invertedResidualNet(net: InvertedResidualNet): VisionArchitecture {
  const { stem, blocks, top, head, activation: act, epsilon, momentum, pooling = 'mean' } = net;
  const pooled = (sequence: Tensor) => (pooling === 'max' ? tf.max(sequence, 1) : tf.mean(sequence, 1));
  const norm = (parameters: Parameters, name: string, x: Tensor4D, run: Run) =>
    batchNormalization(parameters, name, x, run, { epsilon, momentum });
  const last = blocks.at(-1)!.outputs;
  const body: WeightSpecs = Object.assign(
    {},
    convolutionSpecs(stem.pair[0], net.inputChannels, stem.channels, 3),
    batchNormSpecs(stem.pair[1], stem.channels),
    ...blocks.map(blockSpecs),
    convolutionSpecs(top.pair[0], last, top.channels, 1),
    batchNormSpecs(top.pair[1], top.channels),
  ) as WeightSpecs;
  return {
    dimension: top.channels,
    size: net.size,
    channels: net.inputChannels,
    body,
    head: head ? linearSpecs(head.name, top.channels, head.classes) : {},
    prefixes: net.prefixes,
    carried: /\.num_batches_tracked$/,
    inputs: ['pixels'],
    sequence(parameters, inputs, run) {
      const begun = convolution(parameters, stem.pair[0], pixelsOf(inputs), { stride: 2, padding: stem.padding });
      let x = act(norm(parameters, stem.pair[1], begun, run)) as Tensor4D;
      for (const block of blocks)
        x = invertedResidual(parameters, x, block, act, (name, y) => norm(parameters, name, y, run));
      x = convolution(parameters, top.pair[0], x);
      return { sequence: places(act(norm(parameters, top.pair[1], x, run)) as Tensor4D) };
    },
    vector: ({ sequence }) => pooled(sequence) as Tensor2D,
    ...(head ? { logits: ({ sequence }, { head: root }) => linear(root, head.name, pooled(sequence)) } : {}),
  };
}

function blockSpecs({ expand, depthwise, squeeze, project, inputs, inner, outputs, kernel }: InvertedResidual) {
  return {
    ...(expand ? { ...convolutionSpecs(expand[0], inputs, inner, 1), ...batchNormSpecs(expand[1], inner) } : {}),
    ...depthwiseSpecs(depthwise[0], inner, kernel),
    ...batchNormSpecs(depthwise[1], inner),
    ...(squeeze
      ? {
          ...convolutionSpecs(squeeze.reduce, inner, squeeze.channels, 1, { bias: true }),
          ...convolutionSpecs(squeeze.expand, squeeze.channels, inner, 1, { bias: true }),
        }
      : {}),
    ...convolutionSpecs(project[0], inner, outputs, 1),
    ...batchNormSpecs(project[1], outputs),
  };
}

function invertedResidual(
  parameters: Parameters,
  x: Tensor4D,
  { expand, depthwise, squeeze, project, stride, dilation = 1, padding, residual }: InvertedResidual,
  act: (x: Tensor) => Tensor,
  norm: (name: string, x: Tensor4D) => Tensor4D,
): Tensor4D {
  let y = x;
  if (expand) y = act(norm(expand[1], convolution(parameters, expand[0], y))) as Tensor4D;
  y = depthwiseConvolution(parameters, depthwise[0], y, { stride, padding, dilation });
  y = act(norm(depthwise[1], y)) as Tensor4D;
  if (squeeze) {
    const [batch, , , channels] = y.shape;
    const mean = tf.reshape(averagePool(y), [batch, 1, 1, channels]) as Tensor4D;
    const reduced = act(convolution(parameters, squeeze.reduce, mean)) as Tensor4D;
    y = tf.mul(y, tf.sigmoid(convolution(parameters, squeeze.expand, reduced)));
  }
  y = norm(project[1], convolution(parameters, project[0], y));
  return residual ? tf.add(x, y) : y;
}
