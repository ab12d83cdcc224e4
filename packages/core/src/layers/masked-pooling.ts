import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import {
  type CallArguments,
  firstShape,
  type LayerOptions,
  type LayerShape,
  severalInputs,
  usableMask,
} from './inputs.js';
import { registerLayer } from './register.js';

export type PoolingMode = 'mean' | 'max' | 'first' | 'last';

function checkMode(where: string, mode: PoolingMode): void {
  if (['mean', 'max', 'first', 'last'].includes(mode)) return;
  throw new CrossmodalError(`${where}: mode must be mean, max, first or last, got ${mode}`);
}

/**
 * One vector per sequence, from its real places alone: their mean, their maximum, the first place, or the last real one.
 * A sequence without real places gives zeros for the mean and the maximum, and its first place for 'last'.
 *
 * @param sequence [batch, length, width]
 * @param mask [batch, length], one for real places and zero for padding; all are real without it
 * @returns [batch, width]
 * @throws CrossmodalError when the mask has another shape
 * @example
 * const sentence = poolSequence(words, mask, { mode: 'mean' });
 */
export function poolSequence(
  sequence: Tensor3D,
  mask?: Tensor2D | undefined,
  {
    mode = 'mean',
    ...others
  }: {
    /** @default 'mean' */
    mode?: PoolingMode;
  } = {},
): Tensor2D {
  assertKnownOptions('poolSequence', others, ['mode']);
  checkMode('poolSequence', mode);
  const [batch, length, width] = sequence.shape;
  if (mask && (mask.shape[0] !== batch || mask.shape[1] !== length)) {
    throw new CrossmodalError(`poolSequence: mask must be [${batch}, ${length}], got [${mask.shape}]`);
  }
  return tf.tidy(() => {
    const first = () => tf.reshape(tf.slice(sequence, [0, 0, 0], [batch, 1, width]), [batch, width]) as Tensor2D;
    if (mode === 'first') return first();
    const real = mask
      ? (tf.expandDims(tf.cast(mask, 'float32'), 2) as Tensor3D)
      : tf.ones<tf.Rank.R3>([batch, length, 1]);
    // Padding may hold anything; NaN times zero would be NaN.
    const realPlaces = () =>
      mask ? tf.mul(tf.where(tf.greater(real, 0), sequence, tf.zerosLike(sequence)), real) : sequence;
    if (mode === 'mean') {
      const total = tf.sum(realPlaces(), 1);
      return tf.div(total, tf.maximum(tf.sum(real, 1), 1)) as Tensor2D;
    }
    if (mode === 'max') {
      const lowered = tf.add(realPlaces(), tf.mul(tf.sub(1, real), -1e30));
      return tf.mul(tf.max(lowered, 1), tf.max(real, 1)) as Tensor2D;
    }
    // One at the last real place: real here, and nothing real behind.
    const behind = tf.sub(tf.sum(real, 1, true), tf.cumsum(real, 1));
    const last = tf.mul(real, tf.cast(tf.equal(behind, 0), 'float32'));
    const none = tf.sub(1, tf.max(real, 1));
    return tf.add(tf.sum(tf.mul(realPlaces(), last), 1), tf.mul(first(), none)) as Tensor2D;
  });
}

/** See `maskedPooling`. */
export class MaskedPooling extends tfl.layers.Layer {
  static readonly className = 'MaskedPooling';
  readonly #mode: PoolingMode;

  constructor({ mode = 'mean', ...rest }: { mode?: PoolingMode } & LayerOptions = {}) {
    super(rest);
    checkMode('maskedPooling', mode);
    this.#mode = mode;
    this.supportsMasking = true;
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape {
    const [batch = null, , width = null] = firstShape(inputShape);
    return [batch, width];
  }

  override computeMask(): Tensor {
    return null as unknown as Tensor;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArguments): Tensor {
    const [sequence, mask] = severalInputs('maskedPooling', inputs, 1, 2) as [Tensor3D, Tensor2D | undefined];
    const used = mask ?? (usableMask(kwargs?.['mask'], sequence) as Tensor2D | undefined);
    return poolSequence(sequence, used, { mode: this.#mode });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), mode: this.#mode };
  }
}

/**
 * `poolSequence` as a layer of inputs `sequence` or `[sequence, mask]`.
 *
 * @example
 * const words = tfl.input({ shape: [null, 64] });
 * const mask = tfl.input({ shape: [null] });
 * const sentence = maskedPooling({ mode: 'mean' }).apply([words, mask]); // [batch, 64]
 */
export function maskedPooling(options: { mode?: PoolingMode } & LayerOptions = {}): MaskedPooling {
  assertKnownOptions('maskedPooling', options, ['mode', 'name', 'inputShape', 'trainable']);
  registerLayer(MaskedPooling);
  return new MaskedPooling(options);
}
