import type { DualEncoder } from '@crossmodal/alignment';
import type { Inputs } from '@crossmodal/core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The momentum of the batch normalisations of `pictureEncoder`. */
const momentum = 0.9;

/**
 * Measures something while the picture encoder normalises by the statistics of some pictures, and puts the moving ones back. Adaptive batch
 * normalisation: what it does for a model needs no training.
 *
 * @param inputs pictures as the encoder takes them; their statistics are those of one batch.
 * @see Li et al. (2016), Revisiting batch normalization for practical domain adaptation
 */
export async function withOwnStatistics<T>(
  model: Pick<DualEncoder<'image' | 'text'>, 'embed' | 'namedVariables'>,
  inputs: Inputs,
  measure: () => Promise<T>,
): Promise<T> {
  const moving = Object.entries(model.namedVariables()).flatMap(([name, variable]) =>
    /^image\/.*moving_(mean|variance)$/.test(name) ? [variable as Variable] : [],
  );
  const before = moving.map((variable) => tf.clone(variable as Tensor));
  try {
    tf.tidy(() => {
      model.embed('image', inputs, { training: true });
      // A pass leaves momentum * before + (1 - momentum) * statistics.
      moving.forEach((variable, index) => {
        variable.assign(tf.div(tf.sub(variable, tf.mul(before[index]!, momentum)), 1 - momentum));
      });
    });
    return await measure();
  } finally {
    moving.forEach((variable, index) => {
      variable.assign(before[index]!);
    });
    tf.dispose(before);
  }
}
