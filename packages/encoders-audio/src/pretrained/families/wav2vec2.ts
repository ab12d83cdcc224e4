import type { StoredWeights, WeightSpecs } from '@crossmodal/core';
import { CrossmodalError } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  type Parameters,
  repeated,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import { attentionBias } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { AudioArchitecture } from '../audio-architecture.js';
import { normalizedClips } from '../normalized-clips.js';

/**
 * wav2vec 2.0 and HuBERT: convolutions over the waveform, a convolution as positions, Transformer layers, an optional head of
 * symbols per frame. The vector is the mean of the real frames.
 *
 * @see Baevski et al. (2020); Hsu et al. (2021)
 */
export function wav2vec2(config: Config, weights: StoredWeights): AudioArchitecture {
  const width = config.size('hidden_size', 768);
  const layers = config.count('num_hidden_layers', 12);
  const channels = config.sizes('conv_dim', [512, 512, 512, 512, 512, 512, 512]);
  const kernels = config.sizes('conv_kernel', [10, 3, 3, 3, 3, 2, 2]);
  const strides = config.sizes('conv_stride', [5, 2, 2, 2, 2, 2, 2]);
  if (channels.length !== kernels.length || channels.length !== strides.length) {
    throw new CrossmodalError(`${config.label}: conv_dim, conv_kernel and conv_stride must have equal length`);
  }
  for (const key of ['add_adapter', 'conv_pos_batch_norm']) {
    if (config.flag(key)) throw new CrossmodalError(`${config.label}: ${key} must be false, it is not supported`);
  }
  const norm = config.text('feat_extract_norm', 'group');
  if (norm !== 'group' && norm !== 'layer') {
    throw new CrossmodalError(`${config.label}: feat_extract_norm must be 'group' or 'layer', got '${norm}'`);
  }
  const convolutionBias = config.flag('conv_bias');
  const stable = config.flag('do_stable_layer_norm');
  const epsilon = config.number('layer_norm_eps', 1e-5);
  const projectionNorm = config.flag('feat_proj_layer_norm', true);
  const positionKernel = config.size('num_conv_pos_embeddings', 128);
  const groups = config.size('num_conv_pos_embedding_groups', 16);
  const act = activationOf(config.label, config.text('feat_extract_activation', 'gelu'));
  const dropped = config.number('hidden_dropout', 0.1);
  const layer: TransformerLayer = {
    width,
    hidden: config.size('intermediate_size', 3072),
    heads: config.count('num_attention_heads', 12),
    names: {
      projections: ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
      output: 'attention.out_proj',
      attentionNorm: 'layer_norm',
      inner: 'feed_forward.intermediate_dense',
      outer: 'feed_forward.output_dense',
      feedForwardNorm: 'final_layer_norm',
    },
    normalization: stable ? 'pre' : 'post',
    epsilon,
    activation: activationOf(config.label, config.text('hidden_act', 'gelu')),
    dropout: {
      hidden: dropped,
      attention: config.number('attention_dropout', 0.1),
      inner: config.number('activation_dropout', 0.1),
    },
  };
  const last = channels.at(-1)!;
  const extractor: WeightSpecs = Object.assign(
    {},
    ...channels.map((count, i) => {
      const at = `feature_extractor.conv_layers.${i}`;
      const normed = norm === 'layer' || i === 0;
      return {
        [`${at}.conv.weight`]: { shape: [count, i === 0 ? 1 : channels[i - 1]!, kernels[i]!], permutation: [2, 1, 0] },
        ...(convolutionBias ? { [`${at}.conv.bias`]: { shape: [count] } } : {}),
        ...(normed ? normSpecs(`${at}.layer_norm`, count) : {}),
      };
    }),
  ) as WeightSpecs;
  const position = 'encoder.pos_conv_embed.conv';
  const body: WeightSpecs = {
    masked_spec_embed: { shape: [width], optional: true, trainable: false },
    ...extractor,
    ...(projectionNorm ? normSpecs('feature_projection.layer_norm', last) : {}),
    ...linearSpecs('feature_projection.projection', last, width),
    [`${position}.parametrizations.weight.original0`]: {
      shape: [1, 1, positionKernel],
      aliases: [`${position}.weight_g`],
    },
    [`${position}.parametrizations.weight.original1`]: {
      shape: [width, width / groups, positionKernel],
      aliases: [`${position}.weight_v`],
    },
    [`${position}.bias`]: { shape: [width] },
    ...normSpecs('encoder.layer_norm', width),
    ...repeated('encoder.layers', layers, () => transformerLayerSpecs(layer)),
  };
  const symbols = weights.entries.get('lm_head.weight')?.shape[0];
  return {
    dimension: width,
    body,
    head: symbols === undefined ? {} : linearSpecs('lm_head', width, symbols),
    prefixes: ['', 'wav2vec2.', 'hubert.'],
    ignored: [/^(quantizer|project_hid|project_q|classifier|projector)\./],
    inputs: ['waveform', 'mask'],
    sequence(parameters, inputs, run) {
      let x: Tensor = tf.expandDims(inputs['waveform']!, 2);
      for (const [i, stride] of strides.entries()) {
        const at = parameters.at(`feature_extractor.conv_layers.${i}`);
        x = tf.conv1d(x as Tensor3D, at.get('conv.weight') as Tensor as Tensor3D, stride, 'valid');
        const bias = at.find('conv.bias');
        if (bias) x = tf.add(x, bias);
        if (norm === 'layer') x = layerNormalization(at, 'layer_norm', x, 1e-5);
        else if (i === 0) x = channelNormalization(at, x);
        x = act(x);
      }
      if (projectionNorm) x = layerNormalization(parameters, 'feature_projection.layer_norm', x, epsilon);
      x = linear(parameters, 'feature_projection.projection', x, { run });
      x = run.drop(x, config.number('feat_proj_dropout', 0));
      const mask = frameMask(inputs['mask'], x.shape[1]!, kernels, strides);
      if (mask) x = tf.mul(x, tf.expandDims(mask, 2));
      x = tf.add(x, act(positionsOf(parameters.at(position), x, groups)));
      if (!stable) x = layerNormalization(parameters, 'encoder.layer_norm', x, epsilon);
      x = run.drop(x, dropped);
      const bias = attentionBias({ mask });
      for (let i = 0; i < layers; i++)
        x = transformerLayer(parameters.at(`encoder.layers.${i}`), x, layer, { bias }, run);
      if (stable) x = layerNormalization(parameters, 'encoder.layer_norm', x, epsilon);
      return { sequence: x as Tensor3D, mask };
    },
    vector({ sequence, mask }) {
      if (!mask) return tf.mean(sequence, 1) as Tensor2D;
      const counted = tf.expandDims(mask, 2);
      return tf.div(tf.sum(tf.mul(sequence, counted), 1), tf.maximum(tf.sum(counted, 1), 1)) as Tensor2D;
    },
    ...(symbols === undefined
      ? {}
      : {
          logits: ({ sequence }, { head }, _inputs, run) =>
            linear(head, 'lm_head', run.drop(sequence, config.number('final_dropout', 0.1)), { run }),
        }),
    preparation(settings) {
      const sampleRate = settings.size('sampling_rate', 16000);
      const options = {
        normalize: settings.flag('do_normalize', true),
        withMask: settings.flag('return_attention_mask'),
        // Fewer samples give no frame.
        least: kernels.reduceRight((length, kernel, i) => (length - 1) * strides[i]! + kernel, 1),
      };
      return { sampleRate, inputs: (clips) => normalizedClips(clips, options) };
    },
  };
}

/** Normalises each channel over time, as torch's GroupNorm with a group per channel. */
function channelNormalization(parameters: Parameters, x: Tensor): Tensor {
  const centred = tf.sub(x, tf.mean(x, 1, true));
  const variance = tf.mean(tf.square(centred), 1, true);
  const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(scaled, parameters.get('layer_norm.weight')), parameters.get('layer_norm.bias'));
}

/** Frames that stand for real samples, [batch, frames], from the mask of samples. */
function frameMask(
  mask: Tensor | undefined,
  frames: number,
  kernels: readonly number[],
  strides: readonly number[],
): Tensor2D | undefined {
  if (!mask) return undefined;
  const samples: Tensor = tf.sum(tf.cast(mask, 'float32'), 1, true);
  const lengths = kernels.reduce(
    (length, kernel, i) => tf.add(tf.floor(tf.div(tf.sub(length, kernel), strides[i]!)), 1),
    samples,
  );
  return tf.cast(tf.less(tf.range(0, frames), lengths), 'float32') as Tensor2D;
}

/** A convolution in groups whose weights are directions times a length per place of the kernel (Salimans and Kingma, 2016). */
function positionsOf(parameters: Parameters, x: Tensor, groups: number): Tensor {
  const direction = parameters.get('parametrizations.weight.original1');
  const norm = tf.sqrt(tf.sum(tf.square(direction), [0, 1], true));
  const weight = tf.mul(direction, tf.div(parameters.get('parametrizations.weight.original0'), norm));
  const ours = tf.transpose(weight, [2, 1, 0]) as Tensor3D;
  const [kernel, , width] = ours.shape;
  const before = Math.floor(kernel / 2);
  const after = kernel - 1 - before; // an even kernel gives a frame too many, the last one is dropped
  const padded = tf.pad(x, [
    [0, 0],
    [before, after],
    [0, 0],
  ]);
  const outputs = tf.split(ours, groups, 2);
  const inputs = tf.split(padded, groups, 2);
  const parts = inputs.map((part, i) => tf.conv1d(part as Tensor3D, outputs[i] as Tensor3D, 1, 'valid'));
  return tf.add(tf.reshape(tf.concat(parts, 2), [x.shape[0]!, x.shape[1]!, width]), parameters.get('bias'));
}
