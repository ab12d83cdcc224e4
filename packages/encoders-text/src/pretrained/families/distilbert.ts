import type { WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  embedding,
  layerNormalization,
  normSpecs,
  repeated,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import { attentionBias } from '@crossmodal/core/layers';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { idsOf, maskOf, meanVector, type TextArchitecture } from '../text-architecture.js';
import { otherHeads } from './bert.js';

/** DistilBERT: BERT with half of the layers, without token types and pooler. @see Sanh et al. (2019) */
export function distilbert(config: Config): TextArchitecture {
  const width = config.size('dim', 768);
  const layers = config.count('n_layers', 6);
  const positions = config.size('max_position_embeddings', 512);
  const padding = config.integer('pad_token_id', 0);
  const dropout = config.number('dropout', 0.1);
  const layer: TransformerLayer = {
    width,
    hidden: config.size('hidden_dim', 3072),
    heads: config.count('n_heads', 12),
    names: {
      projections: ['attention.q_lin', 'attention.k_lin', 'attention.v_lin'],
      output: 'attention.out_lin',
      attentionNorm: 'sa_layer_norm',
      inner: 'ffn.lin1',
      outer: 'ffn.lin2',
      feedForwardNorm: 'output_layer_norm',
    },
    normalization: 'post',
    epsilon: 1e-12, // fixed in the family
    activation: activationOf(config.label, config.text('activation', 'gelu')),
    dropout: { hidden: dropout, attention: config.number('attention_dropout', 0.1) },
  };
  const body: WeightSpecs = {
    'embeddings.word_embeddings.weight': { shape: [config.size('vocab_size', 30522), width] },
    'embeddings.position_embeddings.weight': { shape: [positions, width] },
    ...normSpecs('embeddings.LayerNorm', width),
    ...repeated('transformer.layer', layers, () => transformerLayerSpecs(layer)),
  };
  return {
    dimension: width,
    width,
    maximumLength: positions,
    padding: 'longest',
    body,
    prefixes: ['', 'distilbert.'],
    ignored: otherHeads,
    inputs: ['ids', 'mask'],
    sequence(parameters, inputs, run) {
      const mask = maskOf(inputs);
      const ids = idsOf(inputs);
      const table = parameters.get('embeddings.position_embeddings.weight');
      const places = tf.slice(table, [0, 0], [ids.shape[1], width]);
      let x: Tensor = tf.add(embedding(parameters, 'embeddings.word_embeddings', ids, { padding }), places);
      x = run.drop(layerNormalization(parameters, 'embeddings.LayerNorm', x, layer.epsilon), dropout);
      const bias = attentionBias({ mask });
      for (let i = 0; i < layers; i++)
        x = transformerLayer(parameters.at(`transformer.layer.${i}`), x, layer, { bias }, run);
      return { sequence: x as Tensor3D, mask };
    },
    vector: ({ sequence, mask }) => meanVector(sequence, mask!),
  };
}
