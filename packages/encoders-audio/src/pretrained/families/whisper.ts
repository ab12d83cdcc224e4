import type { WeightSpecs } from '@crossmodal/core';
import { CrossmodalError } from '@crossmodal/core';
import {
  type Config,
  layerNormalization,
  normSpecs,
  type Parameters,
  repeated,
  transformerLayer,
  transformerLayerSpecs,
  whisperLayer,
} from '@crossmodal/core/blocks';
import { gelu } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { whisperFeatures } from '../../features/whisper.js';
import type { AudioArchitecture } from '../audio-architecture.js';
import { stackedFeatures } from '../stacked-features.js';

/**
 * Whisper's encoder: two convolutions over log-mel frames, fixed positions, pre-norm layers. The vector is the mean of the
 * states.
 *
 * @see Radford et al. (2022), "Robust speech recognition via large-scale weak supervision"
 */
export function whisper(config: Config): AudioArchitecture {
  const width = config.size('d_model', 384);
  const layers = config.count('encoder_layers', 4);
  const bands = config.size('num_mel_bins', 80);
  const positions = config.size('max_source_positions', 1500);
  const dropped = config.number('dropout', 0);
  const layer = whisperLayer(config, 'encoder');
  const body: WeightSpecs = {
    'conv1.weight': { shape: [width, bands, 3], permutation: [2, 1, 0] },
    'conv1.bias': { shape: [width] },
    'conv2.weight': { shape: [width, width, 3], permutation: [2, 1, 0] },
    'conv2.bias': { shape: [width] },
    'embed_positions.weight': { shape: [positions, width], trainable: false }, // sinusoids
    ...repeated('layers', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('layer_norm', width),
  };
  return {
    dimension: width,
    body,
    prefixes: ['model.encoder.', 'encoder.', ''],
    ignored: [/(^|\.)decoder\./, /^(proj_out|classifier|projector|layer_weights)(\.|$)/],
    inputs: ['features'],
    sequence(parameters, inputs, run) {
      const features = inputs['features'] as Tensor3D;
      if (features.shape[1] > 2 * positions) {
        throw new CrossmodalError(`encode: the encoder takes ${2 * positions} frames, got ${features.shape[1]}`);
      }
      const first = tf.add(framesThrough(parameters, 'conv1', features, 1), parameters.get('conv1.bias'));
      const second = framesThrough(parameters, 'conv2', gelu(first) as Tensor3D, 2);
      let x: Tensor = gelu(tf.add(second, parameters.get('conv2.bias'))); // whatever the layers have
      x = tf.add(x, tf.slice(parameters.get('embed_positions.weight'), [0, 0], [x.shape[1]!, width]));
      x = run.drop(x, dropped);
      for (let i = 0; i < layers; i++) x = transformerLayer(parameters.at(`layers.${i}`), x, layer, {}, run);
      return { sequence: layerNormalization(parameters, 'layer_norm', x, layer.epsilon) as Tensor3D };
    },
    vector: ({ sequence }) => tf.mean(sequence, 1) as Tensor2D,
    preparation(settings) {
      const sampleRate = settings.size('sampling_rate', 16000);
      const options = {
        bands: settings.size('feature_size', bands),
        seconds: settings.size('chunk_length', 30),
      };
      return { sampleRate, inputs: (clips) => stackedFeatures(clips.map((clip) => whisperFeatures(clip, options))) };
    },
  };
}

/** A convolution over time with a kernel of three and a zero on both sides. */
function framesThrough(parameters: Parameters, name: string, x: Tensor3D, stride: number): Tensor3D {
  const padded = tf.pad(x, [
    [0, 0],
    [1, 1],
    [0, 0],
  ]);
  return tf.conv1d(padded as Tensor3D, parameters.get(`${name}.weight`) as Tensor as Tensor3D, stride, 'valid');
}
