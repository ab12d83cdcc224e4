import { assertKnownOptions, CrossmodalError, randomUniform, requireInteger } from '@crossmodal/core';
import { categoricalLogLikelihood } from '@crossmodal/losses';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Likelihood } from './likelihood.js';

/**
 * Independent categorical values, such as a class or the words of a text; the decoder gives logits, `classes` for each
 * position: log p(x | l) = sum_t log softmax(l_t)[x_t].
 *
 * @param options.classes how many values there are
 * @param options.padding a value that does not count, such as the padding of a text
 * @throws CrossmodalError for fewer than two classes; later, for values that are not int32 [batch, positions]
 * @example
 * const label = categorical({ classes: 10 });
 */
export function categorical({ classes, padding, ...others }: { classes: number; padding?: number }): Likelihood {
  assertKnownOptions('categorical', others, ['classes', 'padding']);
  requireInteger('categorical: classes', classes, 2);
  const positions = (parameters: Tensor) => tf.reshape(parameters, [parameters.shape[0] as number, -1, classes]);
  const choose = (scores: Tensor) => tf.argMax(scores, -1);
  return {
    name: 'categorical',
    saved: { type: 'categorical', options: { classes, padding } },
    parametersPerValue: classes,
    logLikelihood(parameters, values) {
      const count = parameters.size / (parameters.shape[0] as number) / classes;
      if (values.dtype !== 'int32' || values.rank !== 2 || values.shape[1] !== count) {
        throw new CrossmodalError(
          `categorical: values must be int32 [batch, ${count}] for parameters [${parameters.shape}], got ${values.dtype} [${values.shape}]`,
        );
      }
      return tf.tidy(() => categoricalLogLikelihood(values, positions(parameters), { ignoreLabel: padding }));
    },
    /** The most probable value of each position. */
    mean: (parameters) => tf.tidy(() => choose(positions(parameters))),
    sample: (parameters, { random, ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('likelihood.sample', others, ['random']);
        const logits = positions(parameters);
        // Gumbel's trick: argmax(l - log(-log u)) is a draw from softmax(l).
        const uniform = tf.clipByValue(randomUniform(logits.shape, { random }), 1e-7, 1 - 1e-7);
        return choose(tf.sub(logits, tf.log(tf.neg(tf.log(uniform)))));
      }),
  };
}
