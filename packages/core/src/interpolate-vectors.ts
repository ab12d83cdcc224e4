import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from './errors.js';
import { assertKnownOptions } from './known-options.js';

/**
 * Vectors on the way from one to another, ends included. `linear`: (1 - t) a + t b. `spherical`: sin((1 - t) w) / sin w a +
 * sin(t w) / sin w b with the angle w between a and b, which keeps the length that draws of N(0, I) have; between vectors in one
 * line it is linear.
 *
 * @param from [dimension] or [1, dimension]
 * @param to the same size
 * @param options.steps how many, both ends counted
 * @returns [steps, dimension]
 * @throws CrossmodalError for unequal sizes, fewer than two steps, another path
 * @see Shoemake, Animating rotation with quaternion curves (1985), section 3.3; White, Sampling generative networks (2016),
 *   section 2.1
 * @example
 * const between = interpolateVectors(tf.tensor1d([1, 0]), tf.tensor1d([0, 1]), { steps: 5, path: 'spherical' });
 */
export function interpolateVectors(
  from: Tensor,
  to: Tensor,
  {
    steps = 8,
    path = 'linear',
    ...others
  }: {
    /** @default 8 */
    steps?: number;
    /** @default 'linear' */
    path?: 'linear' | 'spherical';
  } = {},
): Tensor2D {
  assertKnownOptions('interpolateVectors', others, ['steps', 'path']);
  if (from.size !== to.size || from.size === 0 || !(Number.isInteger(steps) && steps >= 2)) {
    throw new CrossmodalError(
      `interpolateVectors: two vectors of equal size and steps >= 2 are needed, got [${from.shape}], [${to.shape}] and ${steps}`,
    );
  }
  if (path !== 'linear' && path !== 'spherical') {
    throw new CrossmodalError(`interpolateVectors: path must be 'linear' or 'spherical', got ${JSON.stringify(path)}`);
  }
  return tf.tidy(() => {
    const [start, end] = [tf.reshape(from, [1, from.size]), tf.reshape(to, [1, to.size])];
    const share = tf.reshape(tf.linspace(0, 1, steps), [steps, 1]);
    const rest = tf.sub(1, share);
    if (path === 'linear') return tf.add(tf.mul(rest, start), tf.mul(share, end)) as Tensor2D;
    const lengths = tf.mul(tf.norm(start), tf.norm(end));
    const angle = tf.acos(tf.clipByValue(tf.div(tf.sum(tf.mul(start, end)), tf.maximum(lengths, 1e-30)), -1, 1));
    const sine = tf.sin(angle);
    const inOneLine = tf.logicalOr(tf.lessEqual(sine, 1e-3), tf.lessEqual(lengths, 1e-30));
    const weight = (t: Tensor) => tf.where(inOneLine, t, tf.div(tf.sin(tf.mul(t, angle)), tf.maximum(sine, 1e-3)));
    return tf.add(tf.mul(weight(rest), start), tf.mul(weight(share), end)) as Tensor2D;
  });
}
