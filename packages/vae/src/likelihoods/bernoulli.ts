import { assertKnownOptions, randomUniform } from '@crossmodal/core';
import { bernoulliLogLikelihood } from '@crossmodal/losses';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkValues, type Likelihood } from './likelihood.js';

/**
 * Independent Bernoulli values; the decoder gives logits l: log p(x | l) = sum x l - log(1 + exp(l)). Values may lie
 * between 0 and 1 (grey images), where this is the negative cross entropy and no longer a density.
 *
 * @see Kingma and Welling, Auto-encoding variational Bayes (2014), appendix C.1
 * @example
 * const model = vae({ encoder, decoder, likelihood: bernoulli() });
 */
export function bernoulli(): Likelihood {
  return {
    name: 'bernoulli',
    saved: { type: 'bernoulli', options: {} },
    parametersPerValue: 1,
    logLikelihood(logits, values) {
      checkValues('bernoulli', logits, values, 1);
      return bernoulliLogLikelihood(values, logits) as Tensor1D;
    },
    mean: (logits) => tf.sigmoid(logits),
    sample(logits, { random, ...others }) {
      assertKnownOptions('likelihood.sample', others, ['random']);
      return tf.tidy(() => tf.cast(tf.less(randomUniform(logits.shape, { random }), tf.sigmoid(logits)), 'float32'));
    },
  };
}
