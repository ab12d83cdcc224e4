import type { Inputs } from '@crossmodal/core';
import { CrossmodalError, type WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  embedding,
  type LayerNames,
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
import { firstVector, idsOf, maskOf, meanVector, type TextArchitecture } from '../text-architecture.js';

const layerNames: LayerNames = {
  projections: ['attention.self.query', 'attention.self.key', 'attention.self.value'],
  output: 'attention.output.dense',
  attentionNorm: 'attention.output.LayerNorm',
  inner: 'intermediate.dense',
  outer: 'output.dense',
  feedForwardNorm: 'output.LayerNorm',
};

/** What is left over in files that were trained for other tasks, and buffers of old ones. */
export const otherHeads = [
  /^(cls|lm_head|classifier|qa_outputs|discriminator_predictions|generator_\w+|vocab_\w+|pre_classifier|sop_classifier)\./,
  /(^|\.)(position_ids|token_type_ids)$/,
];

/** Where BERT and those after it differ. */
interface Variant {
  prefixes: readonly string[];
  /** RoBERTa's positions begin behind the padding number, and padding has none. */
  positions: 'fromZero' | 'behindPadding';
  names?: LayerNames;
  tokenTypes?: boolean;
  pooler?: boolean;
  relative?: boolean;
}

/**
 * BERT, and with other names and positions RoBERTa, XLM-R, MPNet: learned positions, post-norm layers, an optional pooler.
 *
 * @see Devlin et al. (2019); Liu et al. (2019), RoBERTa; Song et al. (2020), MPNet
 */
export function bertLike(config: Config, variant: Variant): TextArchitecture {
  const width = config.size('hidden_size', 768);
  const layers = config.count('num_hidden_layers', 12);
  const positionKind = config.text('position_embedding_type', 'absolute');
  if (positionKind !== 'absolute') {
    throw new CrossmodalError(`${config.label}: position_embedding_type must be 'absolute', got '${positionKind}'`, {
      remedy: 'take a checkpoint with learned positions',
    });
  }
  const dropped = config.number('hidden_dropout_prob', 0.1);
  const layer: TransformerLayer = {
    width,
    hidden: config.size('intermediate_size', 3072),
    heads: config.count('num_attention_heads', 12),
    names: variant.names ?? layerNames,
    normalization: 'post',
    epsilon: config.number('layer_norm_eps', 1e-12),
    activation: activationOf(config.label, config.text('hidden_act', 'gelu')),
    dropout: { hidden: dropped, attention: config.number('attention_probs_dropout_prob', 0.1) },
  };
  const positions = config.size('max_position_embeddings', 512);
  const causal = config.flag('is_decoder');
  const behindPadding = variant.positions === 'behindPadding';
  const padding = config.integer('pad_token_id', behindPadding ? 1 : 0);
  const types = config.size('type_vocab_size', 2);
  const { tokenTypes = true, pooler = true } = variant;
  const body: WeightSpecs = {
    'embeddings.word_embeddings.weight': { shape: [config.size('vocab_size', 30522), width] },
    'embeddings.position_embeddings.weight': { shape: [positions, width] },
    ...(tokenTypes ? { 'embeddings.token_type_embeddings.weight': { shape: [types, width] } } : {}),
    ...normSpecs('embeddings.LayerNorm', width),
    ...repeated('encoder.layer', layers, () => transformerLayerSpecs(layer)),
    ...(variant.relative
      ? {
          'encoder.relative_attention_bias.weight': {
            shape: [config.size('relative_attention_num_buckets', 32), layer.heads],
          },
        }
      : {}),
    ...(pooler ? optionalAll(linearSpecs('pooler.dense', width, width)) : {}),
  };
  return {
    dimension: width,
    width,
    maximumLength: behindPadding ? positions - padding - 1 : positions,
    padding: 'longest',
    body,
    prefixes: variant.prefixes,
    ignored: otherHeads,
    inputs: ['ids', 'mask', 'typeIds'],
    sequence(parameters, inputs, run) {
      const mask = maskOf(inputs);
      const ids = idsOf(inputs);
      const length = ids.shape[1];
      if (length > this.maximumLength) {
        throw new CrossmodalError(`encode: the text encoder takes ${this.maximumLength} tokens, got ${length}`, {
          remedy: 'prepare texts with a smaller maximumLength',
        });
      }
      const places = behindPadding ? positionsBehind(ids, padding) : range(length);
      let x: Tensor = embedding(parameters, 'embeddings.word_embeddings', ids, { padding });
      if (tokenTypes) x = tf.add(x, tokenTypeVectors(parameters, inputs));
      const untrained = behindPadding ? padding : undefined;
      x = tf.add(x, embedding(parameters, 'embeddings.position_embeddings', places, { padding: untrained }));
      x = run.drop(layerNormalization(parameters, 'embeddings.LayerNorm', x, layer.epsilon), dropped);
      let bias = attentionBias({ mask, causal: causal ? length : undefined });
      if (variant.relative) bias = tf.add(bias!, relativeBias(parameters.at('encoder'), length));
      for (let i = 0; i < layers; i++)
        x = transformerLayer(parameters.at(`encoder.layer.${i}`), x, layer, { bias }, run);
      return { sequence: x as Tensor3D, mask };
    },
    vector({ sequence, mask }, { body: parameters }) {
      if (!parameters.find('pooler.dense.weight')) return meanVector(sequence, mask!);
      return tf.tanh(linear(parameters, 'pooler.dense', firstVector(sequence))) as Tensor2D;
    },
  };
}

function optionalAll(specs: WeightSpecs): WeightSpecs {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, { ...spec, optional: true }]));
}

function range(length: number): Tensor {
  return tf.tensor1d(
    Int32Array.from({ length }, (_, i) => i),
    'int32',
  );
}

function tokenTypeVectors(parameters: Parameters, inputs: Inputs): Tensor {
  const given = inputs['typeIds'];
  if (given) return embedding(parameters, 'embeddings.token_type_embeddings', given);
  const table = parameters.get('embeddings.token_type_embeddings.weight');
  return tf.slice(table, [0, 0], [1, table.shape[1]!]); // the first type, for every place
}

/** Running count of the tokens that are not padding, behind the number of padding, which padding itself gets. */
export function positionsBehind(ids: Tensor2D, padding: number): Tensor {
  const real = tf.cast(tf.notEqual(ids, tf.scalar(padding, 'int32')), 'float32');
  return tf.cast(tf.add(tf.mul(tf.cumsum(real, 1), real), padding), 'int32');
}

/**
 * MPNet's bias by distance, in T5's buckets: exact ones up to a quarter of their number in each direction, then
 * logarithmic ones up to 128.
 *
 * @returns [1, heads, length, length]
 */
function relativeBias(parameters: Parameters, length: number): Tensor {
  const table = parameters.get('relative_attention_bias.weight');
  const half = table.shape[0]! / 2;
  const exact = Math.floor(half / 2);
  const buckets = new Int32Array(length * length);
  for (let query = 0; query < length; query++) {
    for (let key = 0; key < length; key++) {
      const distance = Math.abs(key - query);
      const far = exact + Math.floor((Math.log(distance / exact) / Math.log(128 / exact)) * (half - exact));
      const bucket = distance < exact ? distance : Math.min(half - 1, far);
      buckets[query * length + key] = bucket + (key > query ? half : 0);
    }
  }
  const vectors = tf.gather(table, tf.tensor1d(buckets, 'int32'));
  return tf.expandDims(tf.reshape(tf.transpose(vectors, [1, 0]), [table.shape[1]!, length, length]), 0);
}

export const bert = (config: Config): TextArchitecture =>
  bertLike(config, { prefixes: ['', 'bert.', 'electra.'], positions: 'fromZero' });

export const roberta = (config: Config): TextArchitecture =>
  bertLike(config, { prefixes: ['', 'roberta.', 'camembert.', 'xlm_roberta.'], positions: 'behindPadding' });

const mpnetNames: LayerNames = {
  projections: ['attention.attn.q', 'attention.attn.k', 'attention.attn.v'],
  output: 'attention.attn.o',
  attentionNorm: 'attention.LayerNorm',
  inner: 'intermediate.dense',
  outer: 'output.dense',
  feedForwardNorm: 'output.LayerNorm',
};

export const mpnet = (config: Config): TextArchitecture =>
  bertLike(config, {
    prefixes: ['', 'mpnet.'],
    positions: 'behindPadding',
    names: mpnetNames,
    tokenTypes: false,
    relative: true,
  });
