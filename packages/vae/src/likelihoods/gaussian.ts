import { assertKnownOptions, CrossmodalError, randomNormal } from '@crossmodal/core';
import { gaussianLogLikelihood } from '@crossmodal/losses';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkValues, type Likelihood } from './likelihood.js';

/**
 * Independent Gaussian values. With a number the decoder gives the means and the standard deviation is fixed; with
 * 'learned' it gives the means and, in the second half of the last axis, the log variances.
 *
 * @param options.standardDeviation a positive number or 'learned'
 * @param options.leastLogVariance floor of a learned log variance, which has no bound else when a value is always the same
 * @throws CrossmodalError for a standard deviation that is not positive
 * @see Kingma and Welling, Auto-encoding variational Bayes (2014), appendix C.2
 * @example
 * const model = vae({ encoder, decoder, likelihood: gaussian({ standardDeviation: 0.1 }) });
 */
export function gaussian({
  standardDeviation = 1,
  leastLogVariance = -6,
  ...others
}: {
  /** @default 1 */
  standardDeviation?: number | 'learned';
  /** @default -6 */
  leastLogVariance?: number;
} = {}): Likelihood {
  assertKnownOptions('gaussian', others, ['standardDeviation', 'leastLogVariance']);
  const learned = standardDeviation === 'learned';
  if (!learned && !(standardDeviation > 0)) {
    throw new CrossmodalError(`gaussian: standardDeviation must be positive or 'learned', got ${standardDeviation}`);
  }
  const split = (parameters: Tensor): [mean: Tensor, logVariance: Tensor | number] => {
    if (!learned) return [parameters, 2 * Math.log(standardDeviation)];
    const [mean, raw] = tf.split(parameters, 2, -1) as [Tensor, Tensor];
    return [mean, tf.maximum(raw, leastLogVariance)];
  };
  const parametersPerValue = learned ? 2 : 1;
  return {
    name: 'gaussian',
    saved: { type: 'gaussian', options: { standardDeviation, leastLogVariance } },
    parametersPerValue,
    logLikelihood(parameters, values) {
      checkValues('gaussian', parameters, values, parametersPerValue);
      return tf.tidy(() => {
        const [mean, logVariance] = split(parameters);
        return gaussianLogLikelihood(values, mean, { logVariance }) as Tensor1D;
      });
    },
    mean: (parameters) => tf.tidy(() => tf.clone(split(parameters)[0])),
    sample: (parameters, { random, ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('likelihood.sample', others, ['random']);
        const [mean, logVariance] = split(parameters);
        const deviation = typeof logVariance === 'number' ? Math.exp(logVariance / 2) : tf.exp(tf.div(logVariance, 2));
        return tf.add(mean, tf.mul(randomNormal(mean.shape, { random }), deviation));
      }),
  };
}
