import { trainableVariables } from '@crossmodal/core';
import { bernoulliLogLikelihood, klStandardNormal } from '@crossmodal/losses';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { uniform } from './data.js';
import { denseFlops, type Row } from './row.js';
import { adamStep } from './training.js';

/** (f) The dense VAE 784-200-200-50 of Burda et al.; the noise is an input, so that all engines do the same work. */
export const vae: Row = {
  id: 'f',
  title: 'VAE 784-200-200-50',
  batch: 100,
  forwardFlops: denseFlops(784, 200, 200, 100) + denseFlops(50, 200, 200, 784),
  build(batch) {
    const dense = (from: number, units: number, activation?: 'relu') =>
      layers.dense({ inputShape: [from], units, activation });
    const trunk = sequential({ layers: [dense(784, 200, 'relu'), dense(200, 200, 'relu')] });
    const [mean, logVariance] = [sequential({ layers: [dense(200, 50)] }), sequential({ layers: [dense(200, 50)] })];
    const decoder = sequential({ layers: [dense(50, 200, 'relu'), dense(200, 200, 'relu'), dense(200, 784)] });
    const variables = [trunk, mean, logVariance, decoder].flatMap(trainableVariables);
    const loss = (x: tf.Tensor, noise: tf.Tensor) => {
      const hidden = trunk.apply(x) as tf.Tensor2D;
      const [mu, logSigma2] = [mean.apply(hidden) as tf.Tensor2D, logVariance.apply(hidden) as tf.Tensor2D];
      const z = tf.add(mu, tf.mul(tf.exp(tf.mul(logSigma2, 0.5)), noise));
      const likelihood = bernoulliLogLikelihood(x as tf.Tensor2D, decoder.apply(z) as tf.Tensor2D);
      return tf.mean(tf.sub(klStandardNormal(mu, logSigma2), likelihood)) as tf.Scalar;
    };
    return {
      variables,
      inputs: [
        tf.tidy(() => tf.cast(tf.greater(uniform([batch, 784]), 0.5), 'float32')),
        uniform([batch, 50], -1.7, 1.7),
      ],
      step: adamStep(loss as (...inputs: tf.Tensor[]) => tf.Scalar, variables),
    };
  },
};
