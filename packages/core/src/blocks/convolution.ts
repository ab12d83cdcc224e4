import type { Tensor, Tensor1D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import type { WeightSpecs } from '../model-files/weight-plan.js';
import type { Parameters, Run } from './parameters.js';

/** Zeros around a picture: half the kernel on all sides as in torch, TensorFlow's `same`, or by hand. */
export type Padding = 'half' | 'same' | readonly [top: number, bottom: number, left: number, right: number];

export interface ConvolutionOptions {
  /** @default 1 */
  stride?: number | readonly [number, number];
  /** @default 'half' */
  padding?: Padding;
  /** @default 1 */
  dilation?: number;
}

type Explicit = [[number, number], [number, number], [number, number], [number, number]];

function explicitPadding(padding: Padding, kernel: readonly [number, number], dilation: number): 'same' | Explicit {
  if (padding === 'same') return 'same';
  const [rows, columns] = kernel.map((size) => (dilation * (size - 1)) / 2) as [number, number];
  const [top, bottom, left, right] = padding === 'half' ? [rows, rows, columns, columns] : padding;
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/** A convolution of pictures [batch, height, width, channels] with `name.weight` and, if there is one, `name.bias`. */
export function convolution(
  parameters: Parameters,
  name: string,
  x: Tensor4D,
  { stride = 1, padding = 'half', dilation = 1, ...others }: ConvolutionOptions = {},
): Tensor4D {
  assertKnownOptions('convolution', others, ['stride', 'padding', 'dilation']);
  const weight = parameters.get(`${name}.weight`) as Tensor as Tensor4D;
  const pad = explicitPadding(padding, [weight.shape[0], weight.shape[1]], dilation);
  const y = tf.conv2d(x, weight, stride as number | [number, number], pad as 'same', 'NHWC', dilation);
  const bias = parameters.find(`${name}.bias`);
  return bias ? (tf.add(y, bias) as Tensor4D) : y;
}

/** A convolution of each channel by itself. */
export function depthwiseConvolution(
  parameters: Parameters,
  name: string,
  x: Tensor4D,
  { stride = 1, padding = 'half', dilation = 1, ...others }: ConvolutionOptions = {},
): Tensor4D {
  assertKnownOptions('depthwiseConvolution', others, ['stride', 'padding', 'dilation']);
  const weight = parameters.get(`${name}.weight`) as Tensor as Tensor4D;
  const kernel = [weight.shape[0], weight.shape[1]] as const;
  const y =
    dilation === 1
      ? tf.depthwiseConv2d(
          x,
          weight,
          stride as number | [number, number],
          explicitPadding(padding, kernel, 1) as 'same',
        )
      : dilatedDepthwise(x, weight, dilation);
  const bias = parameters.find(`${name}.bias`);
  return bias ? (tf.add(y, bias) as Tensor4D) : y;
}

/**
 * With stride 1, a kernel with gaps of `dilation` meets every dilation-th place only: the places are sorted into as many
 * pictures, each with an ordinary convolution. (TensorFlow.js has no gradient of a dilated depthwise convolution.)
 */
function dilatedDepthwise(x: Tensor4D, weight: Tensor4D, dilation: number): Tensor4D {
  const rest = (size: number) => (dilation - (size % dilation)) % dilation;
  const margins = [
    [0, rest(x.shape[1])],
    [0, rest(x.shape[2])],
  ];
  const phases = tf.spaceToBatchND(x, [dilation, dilation], margins);
  return tf.batchToSpaceND(tf.depthwiseConv2d(phases, weight, 1, 'same'), [dilation, dilation], margins);
}

/** torch's [out, in, height, width] is our [height, width, in, out]. */
export function convolutionSpecs(
  name: string,
  inputs: number,
  outputs: number,
  kernel: number | readonly [number, number],
  {
    bias = false,
    ...others
  }: {
    /** @default false */
    bias?: boolean;
  } = {},
): WeightSpecs {
  assertKnownOptions('convolutionSpecs', others, ['bias']);
  const [rows, columns] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
  return {
    [`${name}.weight`]: { shape: [outputs, inputs, rows, columns], permutation: [2, 3, 1, 0] },
    ...(bias ? { [`${name}.bias`]: { shape: [outputs] } } : {}),
  };
}

/** torch's [channels, 1, height, width] is our [height, width, channels, 1]. */
export function depthwiseSpecs(name: string, channels: number, kernel: number): WeightSpecs {
  return { [`${name}.weight`]: { shape: [channels, 1, kernel, kernel], permutation: [2, 3, 0, 1] } };
}

/** What `batchNormalization` of that name needs. */
export function batchNormSpecs(name: string, channels: number): WeightSpecs {
  return {
    [`${name}.weight`]: { shape: [channels] },
    [`${name}.bias`]: { shape: [channels] },
    [`${name}.running_mean`]: { shape: [channels], trainable: false },
    [`${name}.running_var`]: { shape: [channels], trainable: false },
  };
}

/**
 * Batch normalisation over all axes but the last, as in torch: when training by the statistics of the batch (biased variance),
 * which move the running ones (unbiased variance); else by the running ones.
 *
 * @see Ioffe and Szegedy (2015), algorithm 1
 */
export function batchNormalization(
  parameters: Parameters,
  name: string,
  x: Tensor4D,
  run: Run,
  {
    epsilon = 1e-5,
    momentum = 0.1,
    ...others
  }: {
    /** @default 1e-5 */
    epsilon?: number;
    /** @default 0.1 */
    momentum?: number;
  } = {},
): Tensor4D {
  assertKnownOptions('batchNormalization', others, ['epsilon', 'momentum']);
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
    parameters.get(`${name}.${part}`),
  ) as [Variable, Variable, Variable, Variable];
  const vector = (variable: Tensor) => variable as Tensor1D;
  if (!run.training) return tf.batchNorm(x, vector(mean), vector(variance), vector(beta), vector(gamma), epsilon);
  const batch = tf.moments(x, [0, 1, 2]);
  const count = x.shape[0] * x.shape[1] * x.shape[2];
  const unbiased = count > 1 ? count / (count - 1) : 1;
  mean.assign(tf.add(tf.mul(mean, 1 - momentum), tf.mul(batch.mean, momentum)));
  variance.assign(tf.add(tf.mul(variance, 1 - momentum), tf.mul(batch.variance, momentum * unbiased)));
  return tf.batchNorm(x, vector(batch.mean), vector(batch.variance), vector(beta), vector(gamma), epsilon);
}

/** The mean of all places, [batch, channels]. */
export const averagePool = (x: Tensor4D): Tensor => tf.mean(x, [1, 2]);

/** [batch, height, width, channels] to [batch, height * width, channels]. */
export function places(x: Tensor4D): Tensor3D {
  const [batch, height, width, channels] = x.shape;
  return tf.reshape(x, [batch, height * width, channels]);
}

/**
 * Patches of a picture through a linear map: [batch, height, width, channels] to [batch, rows * columns, width]. The weights
 * are those of a convolution whose stride is its kernel; rows and columns that fill no patch are left out.
 *
 * @see Dosovitskiy et al. (2021), equation 1
 */
export function patches(
  parameters: Parameters,
  name: string,
  x: Tensor4D,
): { patches: Tensor3D; grid: [number, number] } {
  const weight = parameters.get(`${name}.weight`);
  const [rows, columns, channels, width] = weight.shape as [number, number, number, number];
  const batch = x.shape[0];
  const grid: [number, number] = [Math.floor(x.shape[1] / rows), Math.floor(x.shape[2] / columns)];
  const whole = x.shape[1] === grid[0] * rows && x.shape[2] === grid[1] * columns;
  const cut = whole ? x : tf.slice(x, [0, 0, 0, 0], [batch, grid[0] * rows, grid[1] * columns, channels]);
  const split = tf.transpose(tf.reshape(cut, [batch, grid[0], rows, grid[1], columns * channels]), [0, 1, 3, 2, 4]);
  const flat = tf.reshape(split, [batch * grid[0] * grid[1], rows * columns * channels]) as tf.Tensor2D;
  const mapped = tf.matMul(flat, tf.reshape(weight, [rows * columns * channels, width]) as tf.Tensor2D);
  const bias = parameters.find(`${name}.bias`);
  const vectors = bias ? tf.add(mapped, bias) : mapped;
  return { patches: tf.reshape(vectors, [batch, grid[0] * grid[1], width]), grid };
}
