import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean and covariance (divided by the number of rows) of rows [rows, dimension], the diagonal raised by `regularisation`.
 *
 * @throws CrossmodalError when they are not finite: a value is NaN or infinite, or all are too large
 */
export async function momentsOf(
  rows: Tensor2D,
  { caller, regularisation }: { caller: string; regularisation: number },
): Promise<{ mean: number[]; covariance: number[][] }> {
  const [mean, covariance] = tf.tidy(() => {
    const center = tf.mean(rows, 0);
    const deviations = tf.sub(rows, center) as Tensor2D;
    const raised = tf.mul(regularisation, tf.eye(rows.shape[1]));
    return [center, tf.add(tf.div(tf.matMul(deviations, deviations, true), rows.shape[0]), raised)] as const;
  });
  const result = { mean: (await mean.array()) as number[], covariance: (await covariance.array()) as number[][] };
  tf.dispose([mean, covariance]);
  if (![...result.mean, ...result.covariance.flat()].every(Number.isFinite)) {
    throw new CrossmodalError(`${caller}: latents must be finite, and so must their variances`, {
      remedy: 'look for NaN and infinities in them',
    });
  }
  return result;
}
