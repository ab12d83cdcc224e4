import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  layerSeeds,
  requireInteger,
} from '@crossmodal/core';
import { batchNormalization, dropoutLayer } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { AudioItem } from '../load/load-waveform.js';
import {
  type SpectrogramPreparation,
  soundPreprocessing,
  spectrogramPreparation,
  spectrogramShape,
} from './preparation.js';

export interface SpectrogramEncoderOptions extends SpectrogramPreparation {
  /**
   * Channels of each stage; between stages both axes are halved by max pooling.
   * @default [32, 64, 128, 256]
   */
  channels?: readonly number[];
  dimension: number;
  /** @default 0 */
  dropout?: number;
  seed: number;
}

/**
 * A convolutional encoder of the log-mel spectrogram: stages of a 3 x 3 convolution with batch normalisation and ReLU,
 * max pooling between, average over time and frequency, linear. `encodeSequence` gives one vector per step of time of
 * the last map (averaged over frequency), whose mean is the vector of the recording (without dropout).
 *
 * @param options spectra as in `logMel`: 25 ms windows every 10 ms and 80 bands unless given
 * @returns an encoder of wav paths, bytes or samples; its input is `features` [batch, frames, bands]
 * @throws CrossmodalError when a size is out of range
 * @see Hershey et al. (2017), "CNN architectures for large-scale audio classification"; Kong et al. (2020), PANNs
 * @example
 * const encoder = spectrogramEncoder({ sampleRate: 16000, seconds: 1, bands: 64, dimension: 128, seed: 1 });
 */
export function spectrogramEncoder({
  channels = [32, 64, 128, 256],
  dimension,
  dropout = 0,
  seed,
  ...options
}: SpectrogramEncoderOptions): Encoder<AudioItem> {
  assertKnownOptions('spectrogramEncoder', options, [
    'channels',
    'dimension',
    'dropout',
    'seed',
    'offset',
    'standardize',
    'augmentFeatures',
    'sampleRate',
    'seconds',
    'augmentWaveform',
    'fftSize',
    'bands',
    'minimumFrequency',
    'maximumFrequency',
    'scale',
    'normalization',
    'hopLength',
    'windowLength',
  ]);

  requireInteger('spectrogramEncoder: dimension', dimension);
  for (const count of channels) requireInteger('spectrogramEncoder: channels', count);
  const shape = spectrogramShape('spectrogramEncoder', options);
  const { frames, bands } = shape;
  if (channels.length === 0 || Math.min(frames, bands) < 2 ** (channels.length - 1)) {
    throw new CrossmodalError(
      `spectrogramEncoder: ${frames} frames of ${bands} bands are too few for ${channels.length} stages with pooling between`,
      { remedy: 'give at least one and fewer channels, a shorter hop or more bands' },
    );
  }
  const seedOf = layerSeeds('spectrogramEncoder', seed);
  const input = tfl.input({ shape: [frames, bands], name: 'features' });
  let x = tfl.layers.reshape({ targetShape: [frames, bands, 1], name: 'picture' }).apply(input) as typeof input;
  channels.forEach((filters, i) => {
    const name = `convolution${i + 1}`;
    if (i > 0) x = tfl.layers.maxPooling2d({ poolSize: 2, name: `pool${i}` }).apply(x) as typeof x;
    const layers = [
      tfl.layers.conv2d({
        filters,
        kernelSize: 3,
        padding: 'same',
        useBias: false, // batch normalisation has one
        kernelInitializer: tfl.initializers.heNormal({ seed: seedOf(name) }), // He et al. (2015)
        name,
      }),
      batchNormalization({ name: `normalization${i + 1}` }),
      tfl.layers.reLU({ name: `activation${i + 1}` }),
    ];
    x = layers.reduce((value, layer) => layer.apply(value) as typeof x, x);
  });
  const [, steps, height, last] = x.shape as [null, number, number, number];
  const output = tfl.layers.dense({
    units: dimension,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: seedOf('output') }),
    name: 'output',
  });
  let pooled = tfl.layers.globalAveragePooling2d({ name: 'pool' }).apply(x) as typeof x;
  if (dropout > 0)
    pooled = dropoutLayer({ rate: dropout, seed: seedOf('dropout'), name: 'dropout' }).apply(pooled) as typeof x;
  const column = tfl.layers.averagePooling2d({ poolSize: [1, height], strides: [1, height], name: 'column' }).apply(x);
  const time = tfl.layers.reshape({ targetShape: [steps, last], name: 'time' }).apply(column) as typeof x;
  return defineEncoder<AudioItem>({
    modality: 'audio',
    model: tfl.model({ inputs: input, outputs: output.apply(pooled) as typeof x, name: 'spectrogram_encoder' }),
    sequenceModel: tfl.model({ inputs: input, outputs: output.apply(time) as typeof x, name: 'spectrogram_steps' }),
    inputs: ['features'],
    prepare: spectrogramPreparation(options, shape, { withMask: false }),
    preprocessing: soundPreprocessing(options, 'features'),
    saved: { type: 'spectrogramEncoder', options: { ...options, channels, dimension, dropout, seed } },
  });
}
