import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type Encoder,
  type Inputs,
  isTraining,
  prefixed,
  requireInteger,
  requireSeed,
} from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { ImageItem } from '../image.js';
import { loadFrames } from './load-frames.js';
import { type TemporalPooling, transformerOverTime } from './temporal-pooling.js';
import type { VideoItem } from './video-item.js';

export interface VideoEncoderOptions {
  /** Encodes each frame. */
  frames: Encoder<ImageItem>;
  /** Frames of a clip: longer ones are thinned out evenly, shorter ones are filled up and masked. */
  length: number;
  /**
   * How frames become a clip.
   * @default transformerOverTime()
   */
  pooling?: TemporalPooling;
  seed: number;
}

/** Which frames are real: [batch, length]; beside the inputs of the frames, each [batch, length, ...]. */
const maskName = 'frameMask';

/**
 * A video encoder: every frame through an image encoder, then over time. `encodeSequence` gives one vector per frame.
 *
 * z = pool_t f(x_t), with the mean or a Transformer over the frames as pool.
 *
 * @returns an encoder of folders of pictures, animated files, video files or lists of frames (see `loadFrames`)
 * @throws CrossmodalError when an option does not fit; by `prepare` for a clip without frames
 * @see Luo et al.: CLIP4Clip (2021), section 3.3: mean pooling and sequential similarity
 * @example
 * const frames = convolutionalEncoder({ size: 32, dimension: 64, seed: 1 });
 * const video = videoEncoder({ frames, length: 8, pooling: transformerOverTime({ layers: 2 }), seed: 1 });
 */
export function videoEncoder(options: VideoEncoderOptions): Encoder<VideoItem> {
  assertKnownOptions('videoEncoder', options, {
    frames: true,
    length: true,
    pooling: true,
    seed: true,
  } satisfies Record<keyof VideoEncoderOptions, true>);
  const { frames, length, pooling = transformerOverTime(), seed } = options;
  requireInteger('videoEncoder: length', length);
  requireSeed('videoEncoder', seed);
  const { dimension } = frames;
  const network = pooling.build({ frames: length, dimension, seed });

  const apply = (inputs: Inputs, training: boolean) => {
    const { [maskName]: mask, ...perFrame } = inputs;
    if (mask?.rank !== 2 || mask.shape[1] !== length) {
      throw new CrossmodalError(
        `encode: the video encoder needs ${maskName} [batch, ${length}], got ${mask ? `[${mask.shape}]` : 'none'}`,
      );
    }
    const batch = mask.shape[0];
    const flat: Inputs = {};
    for (const [name, tensor] of Object.entries(perFrame)) {
      if (tensor.shape[0] !== batch || tensor.shape[1] !== length) {
        throw new CrossmodalError(`encode: ${name} must be [${batch}, ${length}, ...], got [${tensor.shape}]`);
      }
      flat[name] = tf.reshape(tensor, [batch * length, ...tensor.shape.slice(2)]);
    }
    const encoded = tf.reshape(frames.encode(flat, { training }), [batch, length, dimension]) as Tensor3D;
    return { ...network.apply(encoded, mask as Tensor2D, { training }), mask: mask as Tensor2D };
  };
  const encoder: Encoder<VideoItem> = {
    modality: 'video',
    dimension,
    async prepare(items, given) {
      if (items.length === 0) throw new CrossmodalError('prepare: there must be at least one clip, got none');
      const clips = await mapConcurrently(items, (item) => loadFrames(item, { count: length }));
      // Padding repeats the last frame, so that statistics of a batch see pictures and not blanks.
      const filled = clips.flatMap((clip) => Array.from({ length }, (_, i) => clip[Math.min(i, clip.length - 1)]!));
      const flat = await frames.prepare(filled, given);
      const real = clips.flatMap((clip) => Array.from({ length }, (_, i) => Number(i < clip.length)));
      const inputs: Inputs = { [maskName]: tf.tensor2d(real, [items.length, length]) };
      for (const [name, tensor] of Object.entries(flat)) {
        inputs[name] = tf.reshape(tensor, [items.length, length, ...tensor.shape.slice(1)]);
        tensor.dispose();
      }
      return inputs;
    },
    encode: (inputs, options) => tf.tidy(() => apply(inputs, isTraining('videoEncoder.encode', options)).vector),
    encodeSequence(inputs, options) {
      const training = isTraining('videoEncoder.encodeSequence', options);
      const sequence = tf.tidy(() => apply(inputs, training).sequence);
      return { sequence, mask: inputs[maskName] as Tensor2D };
    },
    namedVariables: () => ({
      ...prefixed('frames', frames.namedVariables()),
      ...prefixed('time', network.namedVariables()),
    }),
    trainableVariables: () => Object.values(encoder.namedVariables()).filter((variable) => variable.trainable),
    dispose() {
      disposeVariables(network.namedVariables());
      frames.dispose();
    },
  };
  return encoder;
}
