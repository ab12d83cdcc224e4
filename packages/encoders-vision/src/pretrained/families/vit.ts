import type { StoredWeights, WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  convolutionSpecs,
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
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { interpolatedPositions } from '../interpolated-positions.js';
import { classesOf, pairOf, pixelsOf, type VisionArchitecture } from '../vision-architecture.js';

/** Extra tokens before the patches, by the names of their variables, [1, n, width] each, in order. */
type ExtraTokens = readonly string[];

/** Patches behind extra tokens, with a table of positions that is interpolated to the picture. */
export function embeddedPatches(
  parameters: Parameters,
  pixels: Tensor4D,
  {
    tokens,
    grid,
    projection,
    antialias = false,
  }: { tokens: ExtraTokens; grid: readonly [number, number]; projection: string; antialias?: boolean },
): Tensor {
  const { patches: vectors, grid: found } = patches(parameters, projection, pixels);
  const [batch, , width] = vectors.shape;
  const table = parameters.get('position_embeddings');
  const flat = tf.reshape(table, [table.shape[1]!, width]);
  const count = tokens.length;
  const own = tf.slice(flat, [count, 0], [grid[0] * grid[1], width]);
  const placed = tf.add(vectors, interpolatedPositions(own, grid, found, { antialias }));
  const before = tokens.map((name, i) => {
    const token = tf.add(tf.reshape(parameters.get(name), [1, 1, width]), tf.slice(flat, [i, 0], [1, width]));
    return tf.tile(token, [batch, 1, 1]);
  });
  return tf.concat([...before, placed], 1);
}

/**
 * ViT and DeiT: pre-norm layers over patches, a last normalisation, an optional pooler, an optional head.
 *
 * @see Dosovitskiy et al. (2021); Touvron et al. (2021)
 */
export function vit(config: Config, weights: StoredWeights): VisionArchitecture {
  const isDeit = config.text('model_type') === 'deit';
  const width = config.size('hidden_size', 768);
  const layers = config.count('num_hidden_layers', 12);
  const size = pairOf(config, 'image_size', 224);
  const patch = pairOf(config, 'patch_size', 16);
  const grid = [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])] as const;
  const channels = config.size('num_channels', 3);
  const tokens = isDeit ? ['cls_token', 'distillation_token'] : ['cls_token'];
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
  const pooler = config.has('pooler_output_size') ? config.size('pooler_output_size') : width;
  const body: WeightSpecs = {
    ...Object.fromEntries(tokens.map((name) => [`embeddings.${name}`, { shape: [1, 1, width] }])),
    'embeddings.position_embeddings': { shape: [1, grid[0] * grid[1] + tokens.length, width] },
    ...convolutionSpecs('embeddings.patch_embeddings.projection', channels, width, patch, { bias: true }),
    ...repeated('encoder.layer', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('layernorm', width),
    ...optional(linearSpecs('pooler.dense', width, pooler)),
  };
  const heads = ['classifier', 'cls_classifier', 'distillation_classifier'].filter((name) =>
    weights.entries.has(`${name}.weight`),
  );
  const hasPooler = [...weights.entries.keys()].some((name) => name.endsWith('pooler.dense.weight'));
  const poolerAct = activationOf(config.label, config.text('pooler_act', 'tanh'));
  const prefix = isDeit ? 'deit.' : 'vit.';
  return {
    dimension: hasPooler ? pooler : width,
    size,
    channels,
    body,
    head: Object.assign({}, ...heads.map((name) => linearSpecs(name, width, classesOf(config)))) as WeightSpecs,
    prefixes: ['', prefix],
    ignored: [/embeddings\.mask_token$/, /^decoder\./],
    inputs: ['pixels'],
    sequence(parameters, inputs, run) {
      const projection = 'patch_embeddings.projection';
      let x = embeddedPatches(parameters.at('embeddings'), pixelsOf(inputs), { tokens, grid, projection });
      x = run.drop(x, dropped);
      for (let i = 0; i < layers; i++) x = transformerLayer(parameters.at(`encoder.layer.${i}`), x, layer, {}, run);
      return { sequence: layerNormalization(parameters, 'layernorm', x, layer.epsilon) as Tensor3D };
    },
    vector({ sequence }, { body: parameters }) {
      const first = placeOf(sequence, 0);
      return (hasPooler ? poolerAct(linear(parameters, 'pooler.dense', first)) : first) as Tensor2D;
    },
    ...(heads.length > 0
      ? {
          logits({ sequence }, { head }) {
            // DeiT's two heads look at a token each, and their answers are averaged.
            const answers = heads.map((name, i) => linear(head, name, placeOf(sequence, i)));
            return answers.length === 1 ? answers[0]! : tf.div(tf.addN(answers), answers.length);
          },
        }
      : {}),
  };
}

export function optional(specs: WeightSpecs): WeightSpecs {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, { ...spec, optional: true }]));
}

/**
 * DINOv2: a factor per channel behind each part, gated feed-forward parts in the largest, optional registers.
 *
 * @see Oquab et al. (2023); Darcet et al. (2023), registers
 */
export function dinov2(config: Config, weights: StoredWeights): VisionArchitecture {
  const width = config.size('hidden_size', 768);
  const layers = config.count('num_hidden_layers', 12);
  const size = pairOf(config, 'image_size', 224);
  const patch = pairOf(config, 'patch_size', 16);
  const grid = [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])] as const;
  const channels = config.size('num_channels', 3);
  const gated = config.flag('use_swiglu_ffn');
  const inner = Math.trunc(width * config.number('mlp_ratio', 4));
  const hasRegisters = config.text('model_type') === 'dinov2_with_registers';
  const registers = hasRegisters ? config.size('num_register_tokens', 4) : 0;
  const layer: TransformerLayer = {
    width,
    hidden: gated ? Math.floor((Math.trunc((inner * 2) / 3) + 7) / 8) * 8 : inner,
    heads: config.count('num_attention_heads', 12),
    names: {
      projections: ['attention.attention.query', 'attention.attention.key', 'attention.attention.value'],
      output: 'attention.output.dense',
      attentionNorm: 'norm1',
      inner: gated ? 'mlp.weights_in' : 'mlp.fc1',
      outer: gated ? 'mlp.weights_out' : 'mlp.fc2',
      feedForwardNorm: 'norm2',
      scales: ['layer_scale1.lambda1', 'layer_scale2.lambda1'],
    },
    normalization: 'pre',
    epsilon: config.number('layer_norm_eps', 1e-6),
    activation: activationOf(config.label, gated ? 'silu' : config.text('hidden_act', 'gelu')),
    gated,
    bias: { attention: config.flag('qkv_bias', true), output: true },
    dropout: {
      hidden: config.number('hidden_dropout_prob', 0),
      attention: config.number('attention_probs_dropout_prob', 0),
    },
  };
  const hasHead = weights.entries.has('classifier.weight');
  const body: WeightSpecs = {
    'embeddings.cls_token': { shape: [1, 1, width] },
    'embeddings.mask_token': { shape: [1, width], optional: true, trainable: false },
    ...(registers > 0 ? { 'embeddings.register_tokens': { shape: [1, registers, width] } } : {}),
    'embeddings.position_embeddings': { shape: [1, grid[0] * grid[1] + 1, width] },
    ...convolutionSpecs('embeddings.patch_embeddings.projection', channels, width, patch, { bias: true }),
    ...repeated('encoder.layer', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('layernorm', width),
  };
  return {
    dimension: width,
    size,
    channels,
    body,
    head: hasHead ? linearSpecs('classifier', 2 * width, classesOf(config)) : {},
    prefixes: ['', 'dinov2.', 'dinov2_with_registers.'],
    inputs: ['pixels'],
    sequence(parameters, inputs, run) {
      const embeddings = parameters.at('embeddings');
      const pixels = pixelsOf(inputs);
      const projection = 'patch_embeddings.projection';
      const antialias = hasRegisters; // of the two families one smooths
      let x = embeddedPatches(embeddings, pixels, { tokens: ['cls_token'], grid, projection, antialias });
      if (registers > 0) {
        const [batch, length] = x.shape as [number, number, number];
        const first = tf.slice(x, [0, 0, 0], [batch, 1, width]);
        const rest = tf.slice(x, [0, 1, 0], [batch, length - 1, width]);
        x = tf.concat([first, tf.tile(embeddings.get('register_tokens'), [batch, 1, 1]), rest], 1);
      }
      for (let i = 0; i < layers; i++) x = transformerLayer(parameters.at(`encoder.layer.${i}`), x, layer, {}, run);
      return { sequence: layerNormalization(parameters, 'layernorm', x, layer.epsilon) as Tensor3D };
    },
    vector: ({ sequence }) => placeOf(sequence, 0) as Tensor2D,
    ...(hasHead
      ? {
          logits({ sequence }, { head }) {
            const [batch, length] = sequence.shape;
            const start = 1 + registers;
            const own = tf.mean(tf.slice(sequence, [0, start, 0], [batch, length - start, width]), 1);
            return linear(head, 'classifier', tf.concat([placeOf(sequence, 0), own], 1));
          },
        }
      : {}),
  };
}
