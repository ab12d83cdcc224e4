import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { hostInput } from '../compile/host-input.js';
import { assertKnownOptions } from '../known-options.js';
import { type LayerOptions, singleInput } from './inputs.js';
import { registerLayer } from './register.js';

/**
 * The identity forward; backward the gradient times -lambda, so that what comes before learns to make what comes after
 * fail: R(x) = x, dR/dx = -lambda I.
 *
 * @param x any shape
 * @param options.lambda a number, or a scalar tensor when it changes from step to step (`scheduledScalar`)
 * @see Ganin, Lempitsky: Unsupervised domain adaptation by backpropagation (2015), equations 6-7
 * @example
 * const domainLogits = classifier.apply(gradientReversal(features, { lambda: 0.3 }));
 */
export function gradientReversal<T extends Tensor>(
  x: T,
  {
    lambda = 1,
    ...others
  }: {
    /** @default 1 */
    lambda?: number | Scalar;
  } = {},
): T {
  assertKnownOptions('gradientReversal', others, ['lambda']);
  const reverse = tf.customGrad((input, save) => {
    const factor = typeof lambda === 'number' ? [] : [lambda];
    (save as tf.GradSaveFunc)(factor);
    return {
      value: tf.clone(input as Tensor),
      gradFunc: (dy: Tensor, saved: Tensor[]) => tf.neg(tf.mul(dy, typeof lambda === 'number' ? lambda : saved[0]!)),
    };
  });
  return reverse(x) as T;
}

/** See `gradientReversalLayer`. */
export class GradientReversal extends tfl.layers.Layer {
  static readonly className = 'GradientReversal';
  /** May be changed between steps, of compiled functions too. */
  lambda: number;

  constructor({ lambda = 1, ...rest }: { lambda?: number } & LayerOptions = {}) {
    super(rest);
    this.lambda = lambda;
    this.supportsMasking = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const lambda = hostInput([], 'float32', (out) => {
        out[0] = this.lambda;
      }) as Scalar;
      return gradientReversal(singleInput('gradientReversalLayer', inputs), { lambda });
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), lambda: this.lambda };
  }
}

/**
 * `gradientReversal` as a layer; its `lambda` may be set between steps.
 *
 * @example
 * const reversal = gradientReversalLayer({ lambda: 0 });
 * const reversed = reversal.apply(tfl.input({ shape: [64] }));
 * reversal.lambda = 0.3; // from the next step on
 */
export function gradientReversalLayer(options: { lambda?: number } & LayerOptions = {}): GradientReversal {
  assertKnownOptions('gradientReversalLayer', options, ['lambda', 'name', 'inputShape', 'trainable']);
  registerLayer(GradientReversal);
  return new GradientReversal(options);
}
