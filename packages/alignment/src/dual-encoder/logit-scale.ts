import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * exp(min(s, limit)), the factor on cosine similarities. Where s exceeds the limit, the gradient passes only if it brings
 * s back: a plain minimum would cut it and leave s beyond the limit for ever. (CLIP clamps the weight after each update.)
 *
 * @param logScale s = log(1 / temperature)
 * @see Radford et al. (2021), section 2.5: "clipped to prevent scaling the logits by more than 100"
 */
export function boundedScale(logScale: Variable | Scalar, limit: number): Scalar {
  const bounded = tf.customGrad((input, save) => {
    const s = input as Tensor;
    (save as (tensors: Tensor[]) => void)([s]);
    return {
      value: tf.minimum(s, limit),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const inside = tf.lessEqual(saved[0] as Tensor, limit);
        return tf.mul(dy, tf.cast(tf.logicalOr(inside, tf.greater(dy, 0)), 'float32'));
      },
    };
  });
  return tf.tidy(() => tf.exp(bounded(logScale as Tensor)) as Scalar);
}
