import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  layerSeeds,
  requireInteger,
  requireOneOf,
} from '@crossmodal/core';
import { maskedPooling, positionEmbedding, transformerBlock } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { AudioItem } from '../load/load-waveform.js';
import {
  type SpectrogramPreparation,
  soundPreprocessing,
  spectrogramPreparation,
  spectrogramShape,
} from './preparation.js';

export interface AudioTransformerEncoderOptions extends SpectrogramPreparation {
  /** @default 4 */
  layers?: number;
  /** @default 4 */
  heads?: number;
  /** Width of the feed-forward parts; four times `dimension` unless given. */
  hidden?: number;
  /** Width throughout, and length of the vector that comes out. */
  dimension: number;
  /** @default 0.1 */
  dropout?: number;
  /** @default 'sinusoidal' */
  positions?: 'learned' | 'sinusoidal';
  seed: number;
}

/**
 * A Transformer encoder of log-mel frames: a linear layer per frame, positions, pre-norm layers, mean over the real
 * frames. Padding is masked, so a recording's vector does not depend on how much silence was appended to it.
 *
 * @param options spectra as in `logMel`: 25 ms windows every 10 ms and 80 bands unless given
 * @returns an encoder of wav paths, bytes or samples; its inputs are `features` [batch, frames, bands] and `mask`
 *   [batch, frames]
 * @throws CrossmodalError when a size is out of range or the heads do not divide the width
 * @see Vaswani et al. (2017); Gong, Chung and Glass (2021), AST
 * @example
 * const encoder = audioTransformerEncoder({ sampleRate: 16000, seconds: 1, dimension: 128, seed: 1 });
 */
export function audioTransformerEncoder({
  layers = 4,
  heads = 4,
  hidden,
  dimension,
  dropout = 0.1, // Vaswani et al.
  positions = 'sinusoidal', // Vaswani et al.; Whisper's encoder
  seed,
  ...options
}: AudioTransformerEncoderOptions): Encoder<AudioItem> {
  assertKnownOptions('audioTransformerEncoder', options, [
    'layers',
    'heads',
    'hidden',
    'dimension',
    'dropout',
    'positions',
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
  requireOneOf('audioTransformerEncoder: positions', positions, ['learned', 'sinusoidal']);

  requireInteger('audioTransformerEncoder: dimension', dimension);
  requireInteger('audioTransformerEncoder: layers', layers);
  if (dimension % heads !== 0) {
    throw new CrossmodalError(`audioTransformerEncoder: heads must divide dimension, got ${heads} and ${dimension}`);
  }
  const shape = spectrogramShape('audioTransformerEncoder', options);
  const { frames, bands } = shape;
  const seedOf = layerSeeds('audioTransformerEncoder', seed);
  const features = tfl.input({ shape: [frames, bands], name: 'features' });
  const mask = tfl.input({ shape: [frames], name: 'mask' });
  const projection = tfl.layers.dense({
    units: dimension,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: seedOf('projection') }),
    name: 'projection',
  });
  let x = projection.apply(features) as tfl.SymbolicTensor;
  x = positionEmbedding({ length: frames, kind: positions, seed: seedOf('positions'), name: 'positions' }).apply(
    x,
  ) as typeof x;
  for (let i = 1; i <= layers; i++) {
    const name = `block${i}`;
    const block = transformerBlock({ heads, hidden, dropout, seed: seedOf(name), name });
    x = block.apply([x, mask]) as typeof x;
  }
  const sequence = tfl.layers.layerNormalization({ epsilon: 1e-5, name: 'normalization' }).apply(x) as typeof x;
  const pooled = maskedPooling({ mode: 'mean', name: 'pool' }).apply([sequence, mask]) as typeof x;
  return defineEncoder<AudioItem>({
    modality: 'audio',
    model: tfl.model({ inputs: [features, mask], outputs: pooled, name: 'audio_transformer' }),
    sequenceModel: tfl.model({ inputs: [features, mask], outputs: sequence, name: 'audio_transformer_frames' }),
    inputs: ['features', 'mask'],
    prepare: spectrogramPreparation(options, shape, { withMask: true }),
    preprocessing: soundPreprocessing(options, 'features'),
    saved: {
      type: 'audioTransformerEncoder',
      options: { ...options, layers, heads, hidden, dimension, dropout, positions, seed },
    },
  });
}
