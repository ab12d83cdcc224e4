import type { StoredWeights, WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  convolutionSpecs,
  type LayerNames,
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  type Parameters,
  patches,
  placeOf,
  repeated,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import { scaledDotProductAttention } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { interpolatedPositions } from '../interpolated-positions.js';
import { pairOf, pixelsOf, type VisionArchitecture } from '../vision-architecture.js';

const names: LayerNames = {
  projections: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  output: 'self_attn.out_proj',
  attentionNorm: 'layer_norm1',
  inner: 'mlp.fc1',
  outer: 'mlp.fc2',
  feedForwardNorm: 'layer_norm2',
};

/** What a whole model's file holds besides the image tower. */
const otherTower = [/^(text_model|text_projection|logit_scale|logit_bias)(\.|$)/, /(^|\.)position_ids$/];

/** A folder of the whole model has the tower's settings in `vision_config`. */
function partOf(config: Config, wholeType: string): { vision: Config; whole: boolean } {
  const whole = config.text('model_type') === wholeType;
  return { vision: whole ? (config.part('vision_config') ?? config) : config, whole };
}

function towerOf(config: Config, usual: { epsilon: number; activation: string; patch: number }) {
  const width = config.size('hidden_size', 768);
  const layers = config.count('num_hidden_layers', 12);
  const size = pairOf(config, 'image_size', 224);
  const patch = pairOf(config, 'patch_size', usual.patch);
  const grid = [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])] as const;
  const layer: TransformerLayer = {
    width,
    hidden: config.size('intermediate_size', 3072),
    heads: config.count('num_attention_heads', 12),
    names,
    normalization: 'pre',
    epsilon: config.number('layer_norm_eps', usual.epsilon),
    activation: activationOf(config.label, config.text('hidden_act', usual.activation)),
    dropout: { hidden: 0, attention: config.number('attention_dropout', 0) },
  };
  const channels = config.size('num_channels', 3);
  return { width, layers, size, patch, grid, layer, channels };
}

/**
 * CLIP's image tower: a class token, a normalisation before the layers, one behind the class token, a projection.
 *
 * @see Radford et al. (2021), section 2.4
 */
export function clipVision(config: Config): VisionArchitecture {
  const { vision, whole } = partOf(config, 'clip');
  const tower = towerOf(vision, { epsilon: 1e-5, activation: 'quick_gelu', patch: 32 });
  const { width, layers, size, patch, grid, layer, channels } = tower;
  const dimension = (whole ? config : vision).size('projection_dim', 512);
  const hasProjection = whole || /WithProjection/.test(String((config.raw('architectures') as string[])?.[0] ?? ''));
  const body: WeightSpecs = {
    'embeddings.class_embedding': { shape: [width] },
    'embeddings.position_embedding.weight': { shape: [grid[0] * grid[1] + 1, width] },
    ...convolutionSpecs('embeddings.patch_embedding', channels, width, patch),
    ...normSpecs('pre_layrnorm', width),
    ...repeated('encoder.layers', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('post_layernorm', width),
  };
  return {
    dimension: hasProjection ? dimension : width,
    size,
    channels,
    body,
    head: hasProjection ? linearSpecs('visual_projection', width, dimension, { bias: false }) : {},
    prefixes: ['vision_model.', ''],
    ignored: [...otherTower, /^visual_projection\./],
    inputs: ['pixels'],
    written: {
      ...vision.values,
      model_type: 'clip_vision_model',
      architectures: [hasProjection ? 'CLIPVisionModelWithProjection' : 'CLIPVisionModel'],
      ...(hasProjection ? { projection_dim: dimension } : {}),
    },
    sequence(parameters, inputs, run) {
      const { patches: vectors, grid: found } = patches(parameters, 'embeddings.patch_embedding', pixelsOf(inputs));
      const table = parameters.get('embeddings.position_embedding.weight');
      const own = tf.slice(table, [1, 0], [grid[0] * grid[1], width]);
      const placed = tf.add(vectors, interpolatedPositions(own, grid, found));
      const token = tf.add(parameters.get('embeddings.class_embedding'), tf.slice(table, [0, 0], [1, width]));
      const before = tf.tile(tf.reshape(token, [1, 1, width]), [vectors.shape[0], 1, 1]);
      let x: Tensor = layerNormalization(parameters, 'pre_layrnorm', tf.concat([before, placed], 1), layer.epsilon);
      for (let i = 0; i < layers; i++) x = transformerLayer(parameters.at(`encoder.layers.${i}`), x, layer, {}, run);
      return { sequence: x as Tensor3D };
    },
    vector({ sequence }, { body: parameters, head }) {
      const first = layerNormalization(parameters, 'post_layernorm', placeOf(sequence, 0), layer.epsilon);
      return (hasProjection ? linear(head, 'visual_projection', first) : first) as Tensor2D;
    },
  };
}

/**
 * SigLIP's image tower: no class token; a learned query attends to the patches.
 *
 * @see Zhai et al. (2023); Zhai et al. (2022), "Scaling vision transformers", the attention pooling
 */
export function siglipVision(config: Config, _weights?: StoredWeights): VisionArchitecture {
  const { vision } = partOf(config, 'siglip');
  const tower = towerOf(vision, { epsilon: 1e-6, activation: 'gelu_pytorch_tanh', patch: 16 });
  const { width, layers, size, patch, grid, layer, channels } = tower;
  const hasHead = vision.flag('vision_use_head', true);
  const body: WeightSpecs = {
    'embeddings.position_embedding.weight': { shape: [grid[0] * grid[1], width] },
    ...convolutionSpecs('embeddings.patch_embedding', channels, width, patch, { bias: true }),
    ...repeated('encoder.layers', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('post_layernorm', width),
    ...(hasHead ? poolingSpecs(width, layer.hidden) : {}),
  };
  return {
    dimension: width,
    size,
    channels,
    body,
    prefixes: ['vision_model.', ''],
    ignored: otherTower,
    inputs: ['pixels'],
    written: { ...vision.values, model_type: 'siglip_vision_model', architectures: ['SiglipVisionModel'] },
    sequence(parameters, inputs, run) {
      const { patches: vectors, grid: found } = patches(parameters, 'embeddings.patch_embedding', pixelsOf(inputs));
      const table = parameters.get('embeddings.position_embedding.weight');
      let x: Tensor = tf.add(vectors, interpolatedPositions(table, grid, found));
      for (let i = 0; i < layers; i++) x = transformerLayer(parameters.at(`encoder.layers.${i}`), x, layer, {}, run);
      return { sequence: layerNormalization(parameters, 'post_layernorm', x, layer.epsilon) as Tensor3D };
    },
    vector({ sequence }, { body: parameters }) {
      if (!hasHead) return tf.mean(sequence, 1) as Tensor2D;
      return attentionPooling(parameters.at('head'), sequence, layer);
    },
  };
}

function poolingSpecs(width: number, hidden: number): WeightSpecs {
  return {
    'head.probe': { shape: [1, 1, width] },
    'head.attention.in_proj_weight': { shape: [3 * width, width] },
    'head.attention.in_proj_bias': { shape: [3 * width] },
    ...linearSpecs('head.attention.out_proj', width, width),
    ...normSpecs('head.layernorm', width),
    ...linearSpecs('head.mlp.fc1', width, hidden),
    ...linearSpecs('head.mlp.fc2', hidden, width),
  };
}

/** A learned query attends to the sequence, then a feed-forward part with a residual sum. */
function attentionPooling(
  parameters: Parameters,
  sequence: Tensor3D,
  { heads, epsilon, activation }: TransformerLayer,
): Tensor2D {
  const [batch, length, width] = sequence.shape;
  const weight = parameters.get('attention.in_proj_weight');
  const bias = parameters.get('attention.in_proj_bias');
  const part = (x: Tensor, index: number, count: number) => {
    const w = tf.slice(weight, [index * width, 0], [width, width]) as Tensor2D;
    const b = tf.slice(bias, [index * width], [width]);
    const y = tf.add(tf.matMul(tf.reshape(x, [-1, width]) as Tensor2D, w, false, true), b);
    return tf.transpose(tf.reshape(y, [-1, count, heads, width / heads]), [0, 2, 1, 3]) as Tensor4D;
  };
  const query = tf.tile(part(parameters.get('probe'), 0, 1), [batch, 1, 1, 1]) as Tensor4D;
  const { output } = scaledDotProductAttention(query, part(sequence, 1, length), part(sequence, 2, length));
  const attended = linear(parameters, 'attention.out_proj', tf.reshape(output, [batch, width]));
  const normal = layerNormalization(parameters, 'layernorm', attended, epsilon);
  const inner = activation(linear(parameters, 'mlp.fc1', normal));
  return tf.add(attended, linear(parameters, 'mlp.fc2', inner)) as Tensor2D;
}
