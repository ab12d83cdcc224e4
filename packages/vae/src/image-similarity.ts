import { assertKnownOptions, CrossmodalError, requireOneOf } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

function checkImages(caller: string, a: Tensor4D, b: Tensor4D, least: number): void {
  const [, height = 0, width = 0] = a.shape;
  if (a.rank !== 4 || !tf.util.arraysEqual(a.shape, b.shape) || Math.min(height, width) < least) {
    throw new CrossmodalError(
      `${caller}: both must be images [batch, height, width, channels] of one shape, at least ${least} pixels high and wide, got [${a.shape}] and [${b.shape}]`,
    );
  }
}

/**
 * Peak signal-to-noise ratio of images with values in [0, 1]: 10 log10(1 / mean (a - b)^2), in decibels; infinite for
 * equal images.
 *
 * @param a [batch, height, width, channels]
 * @param b the same shape
 * @returns [batch]
 * @throws CrossmodalError for other ranks or unequal shapes
 * @example
 * const decibels = peakSignalToNoiseRatio(images, model.reconstruct(images) as tf.Tensor4D);
 */
export function peakSignalToNoiseRatio(a: Tensor4D, b: Tensor4D): Tensor1D {
  checkImages('peakSignalToNoiseRatio', a, b, 1);
  return tf.tidy(() => {
    const error = tf.mean(tf.square(tf.sub(a, b)), [1, 2, 3]);
    return tf.mul(-10 / Math.LN10, tf.log(error)) as Tensor1D;
  });
}

/**
 * Structural similarity of images with values in [0, 1], mean over all windows inside the image and over the channels. With
 * means m, variances s and covariance c of a window:
 * (2 m_a m_b + 0.01^2) (2 c + 0.03^2) / ((m_a^2 + m_b^2 + 0.01^2) (s_a + s_b + 0.03^2)).
 *
 * `gaussian`: 11x11 windows weighted by a Gaussian of 1.5 pixels, population covariances. `uniform`: plain windows of
 * `size` pixels, sample covariances. These are scikit-image's two forms.
 *
 * @param a [batch, height, width, channels]
 * @param b the same shape
 * @returns [batch], 1 for equal images
 * @throws CrossmodalError for unequal shapes, or images smaller than a window
 * @see Wang et al., Image quality assessment: from error visibility to structural similarity (2004), eq. 13
 * @example
 * const similarity = structuralSimilarity(images, model.reconstruct(images) as tf.Tensor4D);
 */
export function structuralSimilarity(
  a: Tensor4D,
  b: Tensor4D,
  {
    window = 'gaussian', // Wang et al.
    size = 7,
    ...others // scikit-image
  }: {
    /** @default 'gaussian' */
    window?: 'gaussian' | 'uniform';
    /** @default 7 */

    size?: number;
  } = {},
): Tensor1D {
  assertKnownOptions('structuralSimilarity', others, ['window', 'size']);
  requireOneOf('structuralSimilarity: window', window, ['gaussian', 'uniform']);
  const width = window === 'gaussian' ? 11 : size;
  if (!Number.isInteger(width) || width < 3 || width % 2 === 0) {
    throw new CrossmodalError(`structuralSimilarity: size must be an odd integer of at least 3, got ${size}`);
  }
  checkImages('structuralSimilarity', a, b, width);
  return tf.tidy(() => {
    const [batch, height, columns, channels] = a.shape;
    // Each channel is an image of its own.
    const planes = (x: Tensor4D) =>
      tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [batch * channels, height, columns, 1]) as Tensor4D;
    const weights = windowWeights(window, width);
    const kernels = [tf.tensor4d(weights, [width, 1, 1, 1]), tf.tensor4d(weights, [1, width, 1, 1])] as const;
    const blur = (x: Tensor) => tf.conv2d(tf.conv2d(x as Tensor4D, kernels[0], 1, 'valid'), kernels[1], 1, 'valid');
    const [x, y] = [planes(a), planes(b)];
    const [meanX, meanY] = [blur(x), blur(y)];
    const count = width * width;
    const sample = window === 'uniform' ? count / (count - 1) : 1;
    const covariance = (p: Tensor, q: Tensor, meanP: Tensor, meanQ: Tensor) =>
      tf.mul(sample, tf.sub(blur(tf.mul(p, q)), tf.mul(meanP, meanQ)));
    const [c1, c2] = [0.01 ** 2, 0.03 ** 2];
    const both = covariance(x, y, meanX, meanY);
    const own = tf.add(covariance(x, x, meanX, meanX), covariance(y, y, meanY, meanY));
    const numerator = tf.mul(tf.add(tf.mul(2, tf.mul(meanX, meanY)), c1), tf.add(tf.mul(2, both), c2));
    const denominator = tf.mul(tf.add(tf.add(tf.square(meanX), tf.square(meanY)), c1), tf.add(own, c2));
    return tf.mean(tf.reshape(tf.div(numerator, denominator), [batch, -1]), 1) as Tensor1D;
  });
}

/** Weights of one axis of a window; they sum to one. */
function windowWeights(window: 'gaussian' | 'uniform', width: number): number[] {
  const centre = (width - 1) / 2;
  const raw = Array.from({ length: width }, (_, i) =>
    window === 'uniform' ? 1 : Math.exp(-((i - centre) ** 2) / (2 * 1.5 ** 2)),
  );
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
}
