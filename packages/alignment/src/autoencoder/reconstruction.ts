import { assertKnownOptions, CrossmodalError, type Described, type Inputs } from '@crossmodal/core';
import { crossEntropy } from '@crossmodal/losses';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** How well a decoder's output explains the inputs of its modality. */
export interface Reconstruction extends Described {
  /** Mean over the batch; smaller is better. */
  loss(output: Tensor, inputs: Inputs): Scalar;
}

/**
 * The mean of squared differences: mean (d(z) - x)^2.
 *
 * @param options.input name of the tensor that is explained
 * @example
 * const picture = { encoder, decoder, reconstruction: squaredError({ input: 'pixels' }) };
 */
export function squaredError(
  options: {
    /** @default 'pixels' */
    input?: string;
  } = {},
): Reconstruction {
  assertKnownOptions('squaredError', options, { input: true });
  const { input = 'pixels' } = options;
  return {
    saved: { type: 'squaredError', options: { input } },
    loss: (output, inputs) =>
      tf.tidy(() => {
        const target = inputOf('squaredError', inputs, input);
        if (output.shape.join() !== target.shape.join()) {
          throw new CrossmodalError(
            `squaredError: the decoder must give the shape of ${input}, [${target.shape}], got [${output.shape}]`,
          );
        }
        return tf.mean(tf.squaredDifference(output, target)) as Scalar;
      }),
  };
}

/**
 * Cross entropy of tokens, the mean over those that are no padding: -log softmax(d(z)_t)_{x_t}.
 *
 * @param options.ids name of the token ids [batch, length]
 * @param options.mask name of their mask; all tokens count when the inputs have none of that name
 * @example
 * const caption = { encoder, decoder, reconstruction: tokenCrossEntropy() };
 */
export function tokenCrossEntropy(
  options: {
    /** @default 'ids' */
    ids?: string;
    /** @default 'mask' */

    mask?: string;
  } = {},
): Reconstruction {
  assertKnownOptions('tokenCrossEntropy', options, { ids: true, mask: true });
  const { ids = 'ids', mask = 'mask' } = options;
  return {
    saved: { type: 'tokenCrossEntropy', options: { ids, mask } },
    loss: (output, inputs) =>
      tf.tidy(() => {
        const target = inputOf('tokenCrossEntropy', inputs, ids);
        if (output.rank !== 3 || output.shape.slice(0, 2).join() !== target.shape.join()) {
          throw new CrossmodalError(
            `tokenCrossEntropy: the decoder must give [${target.shape}, vocabulary], got [${output.shape}]`,
          );
        }
        const losses = crossEntropy(output, target, { reduction: 'none' });
        const real = inputs[mask] ? tf.cast(tf.reshape(inputs[mask], [-1]), 'float32') : tf.onesLike(losses);
        return tf.div(tf.sum(tf.mul(losses, real)), tf.maximum(tf.sum(real), 1)) as Scalar;
      }),
  };
}

function inputOf(where: string, inputs: Inputs, name: string): Tensor {
  const tensor = inputs[name];
  if (!tensor) {
    throw new CrossmodalError(
      `${where}: there is no input '${name}', only ${Object.keys(inputs).join(', ') || 'none'}`,
      {
        remedy: `name the one that is explained`,
      },
    );
  }
  return tensor;
}
