import { defineEncoder, type Encoder, type Random } from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import { type ImageItem, loadImages } from '@crossmodal/encoders-vision';
import * as tfl from '@tensorflow/tfjs-layers';
import { shifted } from '../shared/images.js';

/**
 * A convolutional encoder that keeps places: stages of a 3x3 convolution, batch normalisation, ReLU and max pooling, then
 * the whole last map, not its average. An emoji sits in the middle and looks at you; where a colour is, matters.
 *
 * An encoder of one's own: a tfjs-layers model and a way to prepare its input are all that `defineEncoder` asks for.
 */
export function pictureEncoder({
  size,
  channels,
  dropout,
  seed,
}: {
  size: number;
  channels: readonly number[];
  dropout: number;
  seed: number;
}): Encoder<ImageItem> {
  const input = tfl.input({ shape: [size, size, 3], name: 'pixels' });
  let x = input;
  const apply = (layer: tfl.layers.Layer) => {
    x = layer.apply(x) as typeof input;
  };
  channels.forEach((filters, stage) => {
    // Not zero: TensorFlow.js takes a seed of zero for none.
    const kernelInitializer = tfl.initializers.heNormal({ seed: 100 * seed + stage + 1 });
    apply(tfl.layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, kernelInitializer }));
    apply(tfl.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }));
    apply(tfl.layers.reLU());
    apply(tfl.layers.maxPooling2d({ poolSize: 2 }));
  });
  apply(tfl.layers.flatten());
  apply(dropoutLayer({ rate: dropout, seed }));
  const model = tfl.model({ inputs: input, outputs: x, name: 'picture_encoder' });
  return defineEncoder<ImageItem>({
    modality: 'image',
    model,
    inputs: ['pixels'],
    prepare: async (items, { training = false, random } = {}) => ({
      pixels: await loadImages(items, {
        size,
        ...(training && random ? { change: (image, index) => shifted(image, stream(random, index)) } : {}),
      }),
    }),
  });
}

/** Random numbers of one picture of a batch. */
function stream(random: Random, index: number): Random {
  return random.fork('picture').fork(index);
}
