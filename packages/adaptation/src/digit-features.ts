import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import * as tfl from '@tensorflow/tfjs-layers';

export interface DigitFeaturesOptions {
  seed: number;
  /** Height, width, channels of the images. */
  shape?: [height: number, width: number, channels: number];
  /** Filters of the two convolutions. */
  filters?: [first: number, second: number];
}

const optionNames: Record<keyof DigitFeaturesOptions, true> = {
  seed: true,
  shape: true,
  filters: true,
};

/**
 * The feature extractor of the digit experiments: convolution 5x5 to 64 channels, ReLU, max pooling 2, convolution 5x5 to 50
 * channels, ReLU, max pooling 2, flattened; on 28x28x3 that is 50 * 4 * 4 = 800 features. Images are [batch, height, width,
 * channels], float32.
 *
 * @throws CrossmodalError when the images are too small
 * @see Ganin and Lempitsky (2015), figure 4a, in the widths of the usual re-implementations
 *
 * @example
 * const features = digitFeatures({ seed: 1 });
 */
export function digitFeatures(options: DigitFeaturesOptions): tfl.LayersModel {
  assertKnownOptions('digitFeatures', options, optionNames);
  const {
    seed,
    shape = [28, 28, 3], // MNIST-M
    filters = [64, 50], // pytorch-DANN
  } = options;
  const [height, width] = shape;
  if (Math.min(height, width) < 16) {
    throw new CrossmodalError(`digitFeatures: images must be at least 16x16, got ${height}x${width}`);
  }
  const input = tfl.input({ shape });
  let x = input;
  filters.forEach((count, i) => {
    const convolution = tfl.layers.conv2d({
      filters: count,
      kernelSize: 5,
      activation: 'relu',
      kernelInitializer: tfl.initializers.glorotUniform({ seed: seed * 2 + i }), // Keras
    });
    x = convolution.apply(x) as tfl.SymbolicTensor;
    x = tfl.layers.maxPooling2d({ poolSize: 2, strides: 2 }).apply(x) as tfl.SymbolicTensor;
  });
  return tfl.model({ inputs: input, outputs: tfl.layers.flatten().apply(x) as tfl.SymbolicTensor, name: 'features' });
}
