import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

// TEMPORARY until the losses package has its adversarial losses.
export type AdversarialKind = 'minimax' | 'nonsaturating' | 'lsgan' | 'hinge' | 'wasserstein';

export function discriminatorLoss(real: Tensor, fake: Tensor, { kind }: { kind: AdversarialKind }): Scalar {
  return tf.tidy(() => {
    switch (kind) {
      case 'hinge':
        return tf.add(tf.mean(tf.relu(tf.sub(1, real))), tf.mean(tf.relu(tf.add(1, fake)))) as Scalar;
      case 'lsgan':
        return tf.mul(0.5, tf.add(tf.mean(tf.square(tf.sub(real, 1))), tf.mean(tf.square(fake)))) as Scalar;
      case 'wasserstein':
        return tf.sub(tf.mean(fake), tf.mean(real)) as Scalar;
      default:
        return tf.add(tf.mean(tf.softplus(tf.neg(real))), tf.mean(tf.softplus(fake))) as Scalar;
    }
  });
}

export function generatorLoss(fake: Tensor, { kind }: { kind: AdversarialKind }): Scalar {
  return tf.tidy(() => {
    switch (kind) {
      case 'minimax':
        return tf.neg(tf.mean(tf.softplus(fake))) as Scalar;
      case 'nonsaturating':
        return tf.mean(tf.softplus(tf.neg(fake))) as Scalar;
      case 'lsgan':
        return tf.mul(0.5, tf.mean(tf.square(tf.sub(fake, 1)))) as Scalar;
      default:
        return tf.neg(tf.mean(fake)) as Scalar;
    }
  });
}

export function klStandardNormal(mean: Tensor, logVariance: Tensor): Scalar {
  return tf.tidy(() => {
    const terms = tf.sub(tf.sub(tf.add(tf.exp(logVariance), tf.square(mean)), 1), logVariance);
    return tf.mul(0.5, tf.mean(tf.sum(terms, -1))) as Scalar;
  });
}
