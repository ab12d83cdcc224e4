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
import { lengthOf, soundPreprocessing, type WaveformPreparation, waveformPreparation } from './preparation.js';

export interface WaveformEncoderOptions extends WaveformPreparation {
  /**
   * Channels of each convolution.
   * @default [64, 128, 256]
   */
  channels?: readonly number[];
  /**
   * Samples under each convolution.
   * @default 3
   */
  kernelSize?: number;
  /**
   * Step of the first convolution; more than 1 makes long recordings cheaper.
   * @default 1
   */
  stride?: number;
  dimension: number;
  /** @default 0 */
  dropout?: number;
  seed: number;
}

/**
 * A convolutional encoder of the waveform itself: convolutions with batch normalisation and ReLU, max pooling by 2
 * between, average over time, linear. `encodeSequence` gives the vector of each step of the last map, whose mean is the
 * vector of the recording (without dropout).
 *
 * @returns an encoder of wav paths, bytes or samples; its input is `waveform` [batch, sampleRate * seconds]
 * @throws CrossmodalError when a size is out of range
 * @see Dai et al. (2017), "Very deep convolutional neural networks for raw waveforms"
 * @example
 * const encoder = waveformEncoder({ sampleRate: 8000, seconds: 1, dimension: 128, seed: 1 });
 */
export function waveformEncoder({
  channels = [64, 128, 256],
  kernelSize = 3,
  stride = 1,
  dimension,
  dropout = 0,
  seed,
  ...options
}: WaveformEncoderOptions): Encoder<AudioItem> {
  assertKnownOptions('waveformEncoder', options, [
    'channels',
    'kernelSize',
    'stride',
    'dimension',
    'dropout',
    'seed',
    'sampleRate',
    'seconds',
    'augmentWaveform',
  ]);

  const length = lengthOf('waveformEncoder', options);
  requireInteger('waveformEncoder: kernelSize', kernelSize);
  requireInteger('waveformEncoder: stride', stride);
  requireInteger('waveformEncoder: dimension', dimension);
  for (const count of channels) requireInteger('waveformEncoder: channels', count);
  if (channels.length === 0 || Math.ceil(length / stride) < 2 ** (channels.length - 1)) {
    throw new CrossmodalError(
      `waveformEncoder: ${length} samples are too few for ${channels.length} convolutions with pooling between`,
      { remedy: 'give at least one and fewer channels, or longer recordings' },
    );
  }
  const seedOf = layerSeeds('waveformEncoder', seed);
  const input = tfl.input({ shape: [length], name: 'waveform' });
  let x = tfl.layers.reshape({ targetShape: [length, 1], name: 'samples' }).apply(input) as typeof input;
  channels.forEach((filters, i) => {
    const name = `convolution${i + 1}`;
    if (i > 0) x = tfl.layers.maxPooling1d({ poolSize: 2, name: `pool${i}` }).apply(x) as typeof x;
    const layers = [
      tfl.layers.conv1d({
        filters,
        kernelSize,
        strides: i === 0 ? stride : 1,
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
  const output = tfl.layers.dense({
    units: dimension,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: seedOf('output') }),
    name: 'output',
  });
  let pooled = tfl.layers.globalAveragePooling1d({ name: 'pool' }).apply(x) as typeof x;
  if (dropout > 0)
    pooled = dropoutLayer({ rate: dropout, seed: seedOf('dropout'), name: 'dropout' }).apply(pooled) as typeof x;
  return defineEncoder<AudioItem>({
    modality: 'audio',
    model: tfl.model({ inputs: input, outputs: output.apply(pooled) as typeof x, name: 'waveform_encoder' }),
    sequenceModel: tfl.model({ inputs: input, outputs: output.apply(x) as typeof x, name: 'waveform_steps' }),
    inputs: ['waveform'],
    prepare: waveformPreparation(options),
    preprocessing: soundPreprocessing(options, 'waveform'),
    saved: { type: 'waveformEncoder', options: { ...options, channels, kernelSize, stride, dimension, dropout, seed } },
  });
}
