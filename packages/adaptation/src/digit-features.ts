import { assertBackend, assertKnownOptions, CrossmodalError, requireSeed } from '@crossmodal/core';
import { batchNormalization } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';

export interface DigitFeaturesOptions {
  seed: number;
  /**
   * Height, width, channels of the images.
   * @default [28, 28, 3]
   */
  shape?: [height: number, width: number, channels: number];
  /**
   * Filters of the two convolutions.
   * @default [64, 50]
   */
  filters?: [first: number, second: number];
  /**
   * Batch normalisation between each convolution and its ReLU, which adaptation needs (see the README), or none, as the paper has it.
   * @default 'batch'
   */
  normalisation?: 'none' | 'batch';
}

const optionNames: Record<keyof DigitFeaturesOptions, true> = {
  seed: true,
  shape: true,
  filters: true,
  normalisation: true,
};

/**
 * The feature extractor of the digit experiments: convolution 5x5 to 64 channels, batch normalisation (unless it is 'none'), ReLU, max
 * pooling 2, convolution 5x5 to 50 channels, the same again, flattened; on 28x28x3 that is 50 * 4 * 4 = 800 features. Images are [batch, height, width,
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
    normalisation = 'batch', // the recipe of the README
  } = options;
  assertBackend('digitFeatures');
  const [height, width] = shape;
  requireSeed('digitFeatures', seed);
  if (Math.min(height, width) < 16) {
    throw new CrossmodalError(`digitFeatures: images must be at least 16x16, got ${height}x${width}`);
  }
  if (normalisation !== 'none' && normalisation !== 'batch') {
    throw new CrossmodalError(`digitFeatures: normalisation must be none or batch, got ${String(normalisation)}`);
  }
  const input = tfl.input({ shape });
  let x = input;
  const apply = (layer: tfl.layers.Layer) => {
    x = layer.apply(x) as tfl.SymbolicTensor;
  };
  filters.forEach((count, i) => {
    const kernelInitializer = tfl.initializers.glorotUniform({ seed: seed * 2 + i }); // Keras
    const plain = normalisation === 'none';
    apply(
      tfl.layers.conv2d({ filters: count, kernelSize: 5, kernelInitializer, ...(plain ? { activation: 'relu' } : {}) }),
    );
    if (!plain) {
      apply(batchNormalization());
      apply(tfl.layers.reLU());
    }
    apply(tfl.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  });
  apply(tfl.layers.flatten());
  return tfl.model({ inputs: input, outputs: x, name: 'features' });
}
