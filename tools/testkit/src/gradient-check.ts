import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

interface GradientCheckOptions {
  /** Step of the central difference. In float32, 1e-2 is about best for values of order one. */
  step?: number;
  rtol?: number;
  atol?: number;
  /** Directions tried per input. */
  directions?: number;
  seed?: number;
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Compares the gradient of `f` with a central difference along random unit directions:
 * (f(x + h u) - f(x - h u)) / 2h against <grad f(x), u>, for each input in turn. Throws with both numbers on disagreement.
 */
export function gradientCheck(
  f: (...inputs: Tensor[]) => Scalar,
  inputs: Tensor[],
  { step = 1e-2, rtol = 1e-2, atol = 1e-4, directions = 2, seed = 1 }: GradientCheckOptions = {},
): void {
  if (inputs.length === 0 || !(directions >= 1)) {
    throw new Error(`gradientCheck: needs inputs and directions, got ${inputs.length} and ${directions}`);
  }
  const random = mulberry32(seed);
  tf.tidy(() => {
    const gradients = tf.grads(f)(inputs);
    inputs.forEach((input, index) => {
      let largest = 0;
      for (let k = 0; k < directions; k++) {
        const raw = Float32Array.from({ length: input.size }, () => random() * 2 - 1);
        const norm = Math.hypot(...raw) || 1;
        const direction = tf.tensor(
          raw.map((v) => v / norm),
          input.shape,
        );
        const shifted = (sign: number) =>
          f(
            ...inputs.map((x, i) => (i === index ? tf.add(x, tf.mul(direction, sign * step)) : x)),
          ).dataSync()[0] as number;
        const numeric = (shifted(1) - shifted(-1)) / (2 * step);
        const analytic = tf.sum(tf.mul(gradients[index] as Tensor, direction)).dataSync()[0] as number;
        largest = Math.max(largest, Math.abs(numeric), Math.abs(analytic));
        const error = Math.abs(numeric - analytic);
        if (!(error <= atol + rtol * Math.max(Math.abs(numeric), Math.abs(analytic)))) {
          throw new Error(`gradientCheck: input ${index}, direction ${k}: analytic ${analytic}, numeric ${numeric}`);
        }
      }
      if (!(largest > atol)) {
        throw new Error(
          `gradientCheck: input ${index}: all slopes are within atol ${atol} of 0 (largest ${largest}), so nothing was checked; lower atol, or choose inputs with a slope`,
        );
      }
    });
  });
}
