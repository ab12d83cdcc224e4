import { CrossmodalError, type WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  type Config,
  embedding,
  firstHit,
  type LayerNames,
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  placeOf,
  repeated,
  selected,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import { attentionBias } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { idsOf, maskOf, type TextArchitecture } from '../text-architecture.js';

const names: LayerNames = {
  projections: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  output: 'self_attn.out_proj',
  attentionNorm: 'layer_norm1',
  inner: 'mlp.fc1',
  outer: 'mlp.fc2',
  feedForwardNorm: 'layer_norm2',
};

/** What a whole model's file holds besides the text tower. */
const otherTower = [/^(vision_model|visual_projection|logit_scale|logit_bias)(\.|$)/, /(^|\.)position_ids$/];

interface Tower {
  causal: boolean;
  epsilon: number;
  activation: string;
  hidden: number;
  width: number;
}

function towerOf(config: Config, { causal, epsilon, activation, hidden, width: usual }: Tower) {
  const width = config.size('hidden_size', usual);
  const layers = config.count('num_hidden_layers', 12);
  const length = config.size('max_position_embeddings', causal ? 77 : 64);
  const layer: TransformerLayer = {
    width,
    hidden: config.size('intermediate_size', hidden),
    heads: config.count('num_attention_heads', width / 64 > 1 ? width / 64 : 8),
    names,
    normalization: 'pre',
    epsilon: config.number('layer_norm_eps', epsilon),
    activation: activationOf(config.label, config.text('hidden_act', activation)),
    dropout: { hidden: 0, attention: config.number('attention_dropout', 0) },
  };
  const body: WeightSpecs = {
    'embeddings.token_embedding.weight': { shape: [config.size('vocab_size', causal ? 49408 : 32000), width] },
    'embeddings.position_embedding.weight': { shape: [length, width] },
    ...repeated('encoder.layers', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('final_layer_norm', width),
  };
  const sequence: TextArchitecture['sequence'] = (parameters, inputs, run) => {
    const ids = idsOf(inputs);
    const count = ids.shape[1];
    if (count > length) {
      throw new CrossmodalError(`encode: the text encoder takes ${length} tokens, got ${count}`);
    }
    const table = parameters.get('embeddings.position_embedding.weight');
    let x: Tensor = embedding(parameters, 'embeddings.token_embedding', ids);
    x = tf.add(x, tf.slice(table, [0, 0], [count, width]));
    const mask = inputs['mask'] ? maskOf(inputs) : undefined;
    const bias = attentionBias({ mask, causal: causal ? count : undefined });
    for (let i = 0; i < layers; i++)
      x = transformerLayer(parameters.at(`encoder.layers.${i}`), x, layer, { bias }, run);
    return { sequence: layerNormalization(parameters, 'final_layer_norm', x, layer.epsilon) as Tensor3D, mask };
  };
  return { width, length, body, sequence };
}

/** A folder of the whole model has the tower's settings in `text_config`. */
function partOf(config: Config, wholeType: string): { text: Config; whole: boolean } {
  const whole = config.text('model_type') === wholeType;
  return { text: whole ? (config.part('text_config') ?? config) : config, whole };
}

/**
 * CLIP's text tower: causal attention, the state at the end-of-text token, an optional projection.
 *
 * @see Radford et al. (2021), section 2.4
 */
export function clipText(config: Config): TextArchitecture {
  const { text, whole } = partOf(config, 'clip');
  const tower = towerOf(text, { causal: true, epsilon: 1e-5, activation: 'quick_gelu', hidden: 2048, width: 512 });
  const dimension = whole ? config.size('projection_dim', 512) : text.size('projection_dim', 512);
  const hasProjection = whole || /WithProjection/.test(String((config.raw('architectures') as string[])?.[0] ?? ''));
  const end = text.integer('eos_token_id', 49407);
  return {
    dimension: hasProjection ? dimension : tower.width,
    width: tower.width,
    maximumLength: tower.length,
    padding: 'maximum',
    body: tower.body,
    head: hasProjection ? linearSpecs('text_projection', tower.width, dimension, { bias: false }) : {},
    prefixes: ['text_model.', ''],
    ignored: [...otherTower, /^text_projection\./],
    inputs: ['ids', 'mask'],
    written: {
      ...text.values,
      model_type: 'clip_text_model',
      architectures: [hasProjection ? 'CLIPTextModelWithProjection' : 'CLIPTextModel'],
      ...(hasProjection ? { projection_dim: dimension } : {}),
    },
    sequence: tower.sequence,
    vector({ sequence }, { head }, inputs) {
      const ids = tf.cast(idsOf(inputs), 'float32');
      // Published files say 2, which is not the end of a text there: the largest number is.
      const hits = end === 2 ? tf.equal(ids, tf.max(ids, 1, true)) : tf.equal(ids, end);
      const pooled = selected(sequence, firstHit(tf.cast(hits, 'float32')));
      return (hasProjection ? linear(head, 'text_projection', pooled) : pooled) as Tensor2D;
    },
  };
}

/**
 * SigLIP's text tower: attention in both directions, padding included, the state at the last place, a linear head.
 *
 * @see Zhai et al. (2023), "Sigmoid loss for language image pre-training"
 */
export function siglipText(config: Config): TextArchitecture {
  const { text } = partOf(config, 'siglip');
  const tower = towerOf(text, {
    causal: false,
    epsilon: 1e-6,
    activation: 'gelu_pytorch_tanh',
    hidden: 3072,
    width: 768,
  });
  const dimension = text.size('projection_size', tower.width);
  return {
    dimension,
    width: tower.width,
    maximumLength: tower.length,
    padding: 'maximum',
    unmasked: true,
    body: { ...tower.body, ...linearSpecs('head', tower.width, dimension) },
    prefixes: ['text_model.', ''],
    ignored: otherTower,
    inputs: ['ids', 'mask'],
    written: { ...text.values, model_type: 'siglip_text_model', architectures: ['SiglipTextModel'] },
    sequence: tower.sequence,
    vector: ({ sequence }, { body }) => linear(body, 'head', placeOf(sequence, sequence.shape[1] - 1)) as Tensor2D,
  };
}
