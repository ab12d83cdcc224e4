import type { StoredWeights, WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  convolutionSpecs,
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  placeOf,
  repeated,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { astFeatures } from '../../features/audio-spectrogram-transformer.js';
import type { AudioArchitecture } from '../audio-architecture.js';
import { stackedFeatures } from '../stacked-features.js';

/**
 * The audio spectrogram Transformer: ViT over overlapping patches of a spectrogram, with two tokens before them.
 *
 * @see Gong, Chung and Glass (2021), "AST: audio spectrogram transformer"
 */
export function ast(config: Config, weights: StoredWeights): AudioArchitecture {
  const width = config.size('hidden_size', 768);
  const layers = config.count('num_hidden_layers', 12);
  const patch = config.size('patch_size', 16);
  const strides: [number, number] = [config.size('frequency_stride', 10), config.size('time_stride', 10)];
  const [bands, frames] = [config.size('num_mel_bins', 128), config.size('max_length', 1024)];
  const grid = [Math.floor((bands - patch) / strides[0]) + 1, Math.floor((frames - patch) / strides[1]) + 1] as const;
  const dropped = config.number('hidden_dropout_prob', 0);
  const layer: TransformerLayer = {
    width,
    hidden: config.size('intermediate_size', 3072),
    heads: config.count('num_attention_heads', 12),
    names: {
      projections: ['attention.attention.query', 'attention.attention.key', 'attention.attention.value'],
      output: 'attention.output.dense',
      attentionNorm: 'layernorm_before',
      inner: 'intermediate.dense',
      outer: 'output.dense',
      feedForwardNorm: 'layernorm_after',
    },
    normalization: 'pre',
    epsilon: config.number('layer_norm_eps', 1e-12),
    activation: activationOf(config.label, config.text('hidden_act', 'gelu')),
    bias: { attention: config.flag('qkv_bias', true), output: true },
    dropout: { hidden: dropped, attention: config.number('attention_probs_dropout_prob', 0) },
  };
  const body: WeightSpecs = {
    'embeddings.cls_token': { shape: [1, 1, width] },
    'embeddings.distillation_token': { shape: [1, 1, width] },
    'embeddings.position_embeddings': { shape: [1, grid[0] * grid[1] + 2, width] },
    ...convolutionSpecs('embeddings.patch_embeddings.projection', 1, width, patch, { bias: true }),
    ...repeated('encoder.layer', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('layernorm', width),
  };
  const classes = weights.entries.get('classifier.dense.weight')?.shape[0];
  const pooled = (sequence: Tensor3D) => tf.div(tf.add(placeOf(sequence, 0), placeOf(sequence, 1)), 2) as Tensor2D;
  return {
    dimension: width,
    body,
    head:
      classes === undefined
        ? {}
        : { ...normSpecs('classifier.layernorm', width), ...linearSpecs('classifier.dense', width, classes) },
    prefixes: ['', 'audio_spectrogram_transformer.'],
    inputs: ['features'],
    sequence(parameters, inputs, run) {
      const embeddings = parameters.at('embeddings');
      const features = inputs['features']!;
      const picture = tf.expandDims(tf.transpose(features, [0, 2, 1]), 3) as Tensor4D;
      const weight = embeddings.get('patch_embeddings.projection.weight') as Tensor as Tensor4D;
      const map = tf.add(
        tf.conv2d(picture, weight, strides, 'valid'),
        embeddings.get('patch_embeddings.projection.bias'),
      ) as Tensor4D;
      const batch = map.shape[0];
      const patches = tf.reshape(map, [batch, map.shape[1] * map.shape[2], width]);
      const tokens = ['cls_token', 'distillation_token'].map((name) => tf.tile(embeddings.get(name), [batch, 1, 1]));
      let x: Tensor = tf.add(tf.concat([...tokens, patches], 1), embeddings.get('position_embeddings'));
      x = run.drop(x, dropped);
      for (let i = 0; i < layers; i++) x = transformerLayer(parameters.at(`encoder.layer.${i}`), x, layer, {}, run);
      return { sequence: layerNormalization(parameters, 'layernorm', x, layer.epsilon) as Tensor3D };
    },
    vector: ({ sequence }) => pooled(sequence),
    ...(classes === undefined
      ? {}
      : {
          logits: ({ sequence }, { head }) =>
            linear(
              head,
              'classifier.dense',
              layerNormalization(head, 'classifier.layernorm', pooled(sequence), layer.epsilon),
            ),
        }),
    preparation(settings) {
      const sampleRate = settings.size('sampling_rate', 16000);
      const options = {
        bands: settings.size('num_mel_bins', bands),
        frames: settings.size('max_length', frames),
        mean: settings.flag('do_normalize', true) ? settings.number('mean', -4.2677393) : 0,
        standardDeviation: settings.flag('do_normalize', true) ? settings.number('std', 4.5689974) : 0.5,
      };
      return { sampleRate, inputs: (clips) => stackedFeatures(clips.map((clip) => astFeatures(clip, options))) };
    },
  };
}
