import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { type LayerOptions, singleInput } from './inputs.js';
import { registerLayer } from './register.js';

/**
 * exp(min(s, log maximum)): the scale of CLIP's logits from its logarithm. At the bound the gradient passes only when it
 * leads back down, which is what clamping the parameter after each update does.
 *
 * @param logScale scalar
 * @see Radford et al.: Learning transferable visual models from natural language supervision (2021), section 2.5
 * @example
 * const scale = boundedScale(tf.scalar(Math.log(1 / 0.07))); // 14.29
 */
export function boundedScale(
  logScale: Scalar,
  {
    maximum = 100,
    ...others
  }: {
    /** @default 100 */
    maximum?: number;
  } = {},
): Scalar {
  assertKnownOptions('boundedScale', others, ['maximum']);
  const bound = Math.log(maximum);
  const scale = tf.customGrad((s, save) => {
    const value = tf.exp(tf.minimum(s as Tensor, bound));
    (save as tf.GradSaveFunc)([s as Tensor, value]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.tidy(() => {
          const [given, result] = saved as [Tensor, Tensor];
          const inside = tf.cast(tf.less(given, bound), 'float32');
          const down = tf.cast(tf.greater(dy, 0), 'float32');
          return tf.mul(tf.mul(dy, result), tf.maximum(inside, down));
        }),
    };
  });
  return scale(logScale) as Scalar;
}

/** See `logitScale`. */
export class LogitScale extends tfl.layers.Layer {
  static readonly className = 'LogitScale';
  readonly #initial: number;
  readonly #maximum: number;
  #weight: tfl.LayerVariable | undefined;

  constructor({
    temperature = 0.07, // CLIP, section 2.5
    maximum = 100, // CLIP, section 2.5
    ...rest
  }: { temperature?: number; maximum?: number } & LayerOptions = {}) {
    super(rest);
    if (!(temperature > 0) || !(maximum > 0)) {
      throw new CrossmodalError(
        `logitScale: temperature and maximum must be positive, got ${temperature} and ${maximum}`,
      );
    }
    this.#initial = temperature;
    this.#maximum = maximum;
  }

  override build(inputShape: tfl.Shape | tfl.Shape[]): void {
    const initializer = tfl.initializers.constant({ value: Math.log(1 / this.#initial) });
    this.#weight = this.addWeight('log_scale', [], 'float32', initializer);
    super.build(inputShape);
  }

  /** The scale, a differentiable scalar. */
  scale(): Scalar {
    if (!this.#weight) {
      this.build([null]);
      this.built = true;
    }
    return boundedScale(this.#weight!.read() as Scalar, { maximum: this.#maximum });
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => tf.mul(singleInput('logitScale', inputs), this.scale()));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), temperature: this.#initial, maximum: this.#maximum };
  }
}

/**
 * Multiplies similarities by a learned scale exp(s), s starting at log(1 / temperature) and bounded by log(maximum).
 *
 * @throws CrossmodalError unless temperature and maximum are positive
 * @example
 * const logits = logitScale().apply(similarities);
 */
export function logitScale(options: { temperature?: number; maximum?: number } & LayerOptions = {}): LogitScale {
  assertKnownOptions('logitScale', options, ['temperature', 'maximum', 'name', 'inputShape', 'trainable']);
  registerLayer(LogitScale);
  return new LogitScale(options);
}
