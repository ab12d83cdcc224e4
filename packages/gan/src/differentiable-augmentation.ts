import { assertKnownOptions, CrossmodalError, type Random, randomUniform } from '@crossmodal/core';
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface DifferentiableAugmentationOptions {
  /**
   * Largest shift, as a share of the size; the border pixel fills what comes in. 0 for none.
   * @default 0.125
   */
  translation?: number;
  /**
   * Brightness changes by up to half of this, saturation by a factor up to 2 x, contrast by a factor 1 -+ half. 0 for none.
   * @default 1
   */
  colour?: number;
  random: Random;
}

/**
 * Random shifts and colour changes of images, differentiable, drawn anew for each image. Applied to what the
 * discriminator sees, real and generated alike, it keeps it from remembering a small data set, without teaching the
 * generator to make augmented images.
 *
 * brightness x + b, b in colour [-1/2, 1/2]; saturation m + (x - m) s about the pixel's mean m, s in 1 + colour [-1, 1];
 * contrast the same about the image's mean with factors 1 + colour [-1/2, 1/2].
 *
 * @param images [batch, height, width, channels] in [-1, 1]
 * @throws CrossmodalError for another rank, or strengths outside [0, 1]
 * @see Zhao et al., Differentiable augmentation for data-efficient GAN training (2020), section 3.2
 * @example
 * const seen = differentiableAugmentation(images, { translation: 0.125, colour: 1, random });
 */
export function differentiableAugmentation(
  images: Tensor4D,
  {
    translation = 0.125, // Zhao et al.
    colour = 1, // Zhao et al.
    random,
    ...others
  }: DifferentiableAugmentationOptions,
): Tensor4D {
  assertKnownOptions('differentiableAugmentation', others, ['translation', 'colour', 'random']);
  if (images.rank !== 4) {
    throw new CrossmodalError(
      `differentiableAugmentation: images must be [batch, height, width, channels], got [${images.shape}]`,
    );
  }
  for (const [name, value] of Object.entries({ translation, colour })) {
    if (!(value >= 0 && value <= 1)) {
      throw new CrossmodalError(`differentiableAugmentation: ${name} must be from 0 to 1, got ${value}`);
    }
  }
  return tf.tidy(() => {
    const recoloured = colour === 0 ? images : recolour(images, colour, random);
    return translation === 0 ? tf.clone(recoloured) : translate(recoloured, translation, random);
  });
}

function recolour(images: Tensor4D, strength: number, random: Random): Tensor4D {
  const draw = (low: number, high: number) => randomUniform([images.shape[0], 1, 1, 1], { random, low, high });
  const scaleAbout = (x: tf.Tensor, axes: number | number[], factor: tf.Tensor) => {
    const mean = tf.mean(x, axes, true);
    return tf.add(mean, tf.mul(tf.sub(x, mean), factor));
  };
  const brighter = tf.add(images, draw(-strength / 2, strength / 2));
  const saturated = scaleAbout(brighter, 3, draw(1 - strength, 1 + strength));
  return scaleAbout(saturated, [1, 2, 3], draw(1 - strength / 2, 1 + strength / 2)) as Tensor4D;
}

/** Shifts by whole pixels, as two products with 0/1 matrices: row i of the result is row clamp(i + shift) of the image. */
function translate(images: Tensor4D, share: number, random: Random): Tensor4D {
  const [batch, height, width, channels] = images.shape;
  const vertical = tf.matMul(
    shiftMatrix(batch, height, share, random),
    tf.reshape(images, [batch, height, width * channels]),
  );
  const columns = tf.reshape(tf.transpose(tf.reshape(vertical, images.shape), [0, 2, 1, 3]), [
    batch,
    width,
    height * channels,
  ]);
  const horizontal = tf.matMul(shiftMatrix(batch, width, share, random), columns as Tensor3D);
  return tf.transpose(tf.reshape(horizontal, [batch, width, height, channels]), [0, 2, 1, 3]) as Tensor4D;
}

/** [batch, size, size] with a one at (i, clamp(i + shift)), shift uniform among the whole numbers up to share x size. */
function shiftMatrix(batch: number, size: number, share: number, random: Random): Tensor3D {
  const most = Math.round(share * size);
  const uniform = randomUniform([batch, 1], { random, low: -most, high: most + 1 });
  const source = tf.clipByValue(tf.add(tf.range(0, size, 1, 'float32'), tf.floor(uniform)), 0, size - 1);
  return tf.cast(tf.equal(tf.expandDims(source, 2), tf.range(0, size, 1, 'float32')), 'float32') as Tensor3D;
}
