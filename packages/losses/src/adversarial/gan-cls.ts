import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireFloat } from '../internal/validate.js';

/**
 * GAN-CLS, the matching-aware discriminator: besides real and generated images it learns to refuse a real image with the wrong text.
 *
 * L_D = mean softplus(-s_r) + 1/2 [ mean softplus(s_w) + mean softplus(s_f) ] on raw outputs: s_r real image and right text, s_w real
 * image and wrong text, s_f generated image and right text. The generator minimises `generatorLoss(s_f)`.
 *
 * @param real any shape, float32
 * @param mismatched any shape, float32
 * @param fake any shape, float32
 * @throws CrossmodalError when a tensor is not float32
 * @see Reed et al., 2016, Generative Adversarial Text to Image Synthesis, algorithm 1
 * @example
 * const loss = ganClsLoss(d(images, texts), d(images, otherTexts), d(generated, texts));
 */
export function ganClsLoss(real: Tensor, mismatched: Tensor, fake: Tensor): Scalar {
  requireFloat('ganClsLoss', 'real', real);
  requireFloat('ganClsLoss', 'mismatched', mismatched);
  requireFloat('ganClsLoss', 'fake', fake);
  return tf.tidy(() => {
    const refused = tf.add(tf.mean(tf.softplus(mismatched)), tf.mean(tf.softplus(fake)));
    return tf.add(tf.mean(tf.softplus(tf.neg(real))), tf.mul(0.5, refused)) as Scalar;
  });
}
