import { CrossmodalError, type WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  embedding,
  layerNormalization,
  normSpecs,
  repeated,
  rotary,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import { attentionBias } from '@crossmodal/core/layers';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { idsOf, maskOf, meanVector, type TextArchitecture } from '../text-architecture.js';
import { otherHeads } from './bert.js';

/**
 * ModernBERT: rotary positions, gated feed-forward parts, pre-norm without offsets; every third layer attends to all places,
 * the others to a window.
 *
 * @see Warner et al. (2024), "Smarter, better, faster, longer"
 */
export function modernbert(config: Config): TextArchitecture {
  const width = config.size('hidden_size', 768);
  const layers = config.count('num_hidden_layers', 22);
  const heads = config.count('num_attention_heads', 12);
  const normBias = config.flag('norm_bias');
  const epsilon = config.number('norm_eps', 1e-5);
  const dropout = config.number('mlp_dropout', 0);
  const layerOf = (index: number): TransformerLayer => ({
    width,
    hidden: config.size('intermediate_size', 1152),
    heads,
    names: {
      projections: 'attn.Wqkv',
      output: 'attn.Wo',
      attentionNorm: 'attn_norm',
      inner: 'mlp.Wi',
      outer: 'mlp.Wo',
      feedForwardNorm: 'mlp_norm',
    },
    normalization: 'pre',
    epsilon,
    activation: activationOf(config.label, config.text('hidden_activation', 'gelu')),
    gated: true,
    bias: { attention: config.flag('attention_bias'), feedForward: config.flag('mlp_bias'), norms: normBias },
    withoutAttentionNorm: index === 0,
    dropout: { hidden: 0, attention: config.number('attention_dropout', 0), inner: dropout },
  });
  const padding = config.integer('pad_token_id', 50283);
  const window = config.size('local_attention', 128);
  const isGlobal = globalLayers(config, layers);
  const bases = ropeBases(config);
  const body: WeightSpecs = {
    'embeddings.tok_embeddings.weight': { shape: [config.size('vocab_size', 50368), width] },
    ...normSpecs('embeddings.norm', width, { bias: normBias }),
    ...repeated('layers', layers, (i) => transformerLayerSpecs(layerOf(i))),
    ...normSpecs('final_norm', width, { bias: normBias }),
  };
  return {
    dimension: width,
    width,
    maximumLength: config.size('max_position_embeddings', 8192),
    padding: 'longest',
    body,
    prefixes: ['', 'model.'],
    ignored: [...otherHeads, /^(head|decoder)\./],
    inputs: ['ids', 'mask'],
    sequence(parameters, inputs, run) {
      const mask = maskOf(inputs);
      const ids = idsOf(inputs);
      const length = ids.shape[1];
      let x: Tensor = embedding(parameters, 'embeddings.tok_embeddings', ids, { padding });
      x = run.drop(
        layerNormalization(parameters, 'embeddings.norm', x, epsilon),
        config.number('embedding_dropout', 0),
      );
      const everywhere = attentionBias({ mask })!;
      // Where all places are within the window, hiding the others changes nothing.
      const near = length > window / 2 + 1 ? tf.minimum(everywhere, windowBias(length, window / 2)) : everywhere;
      const turn = {
        global: rotary(length, width / heads, bases.global),
        local: rotary(length, width / heads, bases.local),
      };
      for (let i = 0; i < layers; i++) {
        const [bias, rotate] = isGlobal(i) ? [everywhere, turn.global] : [near, turn.local];
        x = transformerLayer(parameters.at(`layers.${i}`), x, layerOf(i), { bias, rotate }, run);
      }
      return { sequence: layerNormalization(parameters, 'final_norm', x, epsilon) as Tensor3D, mask };
    },
    vector: ({ sequence, mask }) => meanVector(sequence, mask!),
  };
}

/** Newer files list the kind of each layer, older ones say every how manieth is global. */
function globalLayers(config: Config, layers: number): (index: number) => boolean {
  const types = config.raw('layer_types');
  if (Array.isArray(types)) {
    if (types.length !== layers) {
      throw new CrossmodalError(`${config.label}: layer_types must have ${layers} entries, got ${types.length}`);
    }
    return (index) => types[index] === 'full_attention';
  }
  const every = config.size('global_attn_every_n_layers', 3);
  return (index) => index % every === 0;
}

/** Newer files keep the bases under rope_parameters, by kind of layer. */
function ropeBases(config: Config): { global: number; local: number } {
  const parameters = config.part('rope_parameters');
  const base = (kind: string, key: string, fallback: number) => {
    const part = parameters?.part(kind);
    const type = part?.text('rope_type', 'default') ?? 'default';
    if (type !== 'default') {
      throw new CrossmodalError(`${config.label}: rope_type must be 'default', got '${type}'`);
    }
    return part?.number('rope_theta', fallback) ?? config.number(key, fallback);
  };
  return {
    global: base('full_attention', 'global_rope_theta', 160_000),
    local: base('sliding_attention', 'local_rope_theta', 10_000),
  };
}

/** -1e9 between places further apart than `reach`; [1, 1, length, length]. */
function windowBias(length: number, reach: number): Tensor {
  const values = new Float32Array(length * length);
  for (let query = 0; query < length; query++) {
    for (let key = 0; key < length; key++) if (Math.abs(query - key) > reach) values[query * length + key] = -1e9;
  }
  return tf.tensor(values, [1, 1, length, length]);
}
