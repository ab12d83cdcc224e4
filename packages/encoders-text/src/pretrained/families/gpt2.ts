import type { WeightSpecs } from '@crossmodal/core';
import { CrossmodalError } from '@crossmodal/core';
import {
  type Config,
  embedding,
  gpt2Layer,
  layerNormalization,
  normSpecs,
  repeated,
  transformerLayer,
  transformerLayerSpecs,
} from '@crossmodal/core/blocks';
import { attentionBias } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { idsOf, lastVector, maskOf, type TextArchitecture } from '../text-architecture.js';

/** GPT-2: causal, pre-norm; its head is the table of words, `logits` gives the next token's. @see Radford et al. (2019) */
export function gpt2(config: Config): TextArchitecture {
  const width = config.size('n_embd', 768);
  const layers = config.count('n_layer', 12);
  const positions = config.size('n_positions', 1024);
  const words = config.size('vocab_size', 50257);
  for (const key of ['scale_attn_by_inverse_layer_idx', 'add_cross_attention']) {
    if (config.flag(key)) throw new CrossmodalError(`${config.label}: ${key} must be false, it is not supported`);
  }
  if (!config.flag('scale_attn_weights', true)) {
    throw new CrossmodalError(`${config.label}: scale_attn_weights must be true, it is not supported otherwise`);
  }
  const layer = gpt2Layer(config);
  const body: WeightSpecs = {
    'wte.weight': { shape: [words, width] },
    'wpe.weight': { shape: [positions, width] },
    ...repeated('h', layers, () => transformerLayerSpecs(layer)),
    ...normSpecs('ln_f', width),
  };
  return {
    dimension: width,
    width,
    maximumLength: positions,
    padding: 'longest',
    body,
    prefixes: ['', 'transformer.'],
    ignored: [/^lm_head\.weight$/, /\.attn\.(bias|masked_bias)$/],
    inputs: ['ids', 'mask'],
    sequence(parameters, inputs, run) {
      const ids = idsOf(inputs);
      const count = ids.shape[1];
      if (count > positions) {
        throw new CrossmodalError(`encode: the text encoder takes ${positions} tokens, got ${count}`);
      }
      const mask = maskOf(inputs);
      let x: Tensor = embedding(parameters, 'wte', ids);
      x = tf.add(x, tf.slice(parameters.get('wpe.weight'), [0, 0], [count, width]));
      x = run.drop(x, config.number('embd_pdrop', 0.1));
      const bias = attentionBias({ mask, causal: count });
      for (let i = 0; i < layers; i++) x = transformerLayer(parameters.at(`h.${i}`), x, layer, { bias }, run);
      return { sequence: layerNormalization(parameters, 'ln_f', x, layer.epsilon) as Tensor3D, mask };
    },
    vector: ({ sequence, mask }) => lastVector(sequence, mask!),
    logits({ sequence }, { body: parameters }) {
      const [batch, length] = sequence.shape;
      const table = parameters.get('wte.weight') as Tensor as Tensor2D;
      const flat = tf.reshape(sequence, [batch * length, width]) as Tensor2D;
      return tf.reshape(tf.matMul(flat, table, false, true), [batch, length, words]);
    },
  };
}
