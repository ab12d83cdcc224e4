import { activationOf } from './activation.js';
import type { Config } from './config.js';
import type { TransformerLayer } from './transformer-layer.js';

/**
 * A layer of GPT-2, as encoder of texts or as decoder: pre-norm, one map for the three projections.
 *
 * @see Radford et al. (2019), "Language models are unsupervised multitask learners"; the defaults are those of transformers
 */
export function gpt2Layer(config: Config): TransformerLayer {
  const width = config.size('n_embd', 768);
  return {
    width,
    hidden: config.has('n_inner') ? config.size('n_inner') : 4 * width,
    heads: config.count('n_head', 12),
    names: {
      projections: 'attn.c_attn',
      output: 'attn.c_proj',
      attentionNorm: 'ln_1',
      inner: 'mlp.c_fc',
      outer: 'mlp.c_proj',
      feedForwardNorm: 'ln_2',
    },
    normalization: 'pre',
    epsilon: config.number('layer_norm_epsilon', 1e-5),
    activation: activationOf(config.label, config.text('activation_function', 'gelu_new')),
    layout: 'inOut',
    dropout: { hidden: config.number('resid_pdrop', 0.1), attention: config.number('attn_pdrop', 0.1) },
  };
}

/**
 * A layer of Whisper's encoder or decoder, without the attention to the other: pre-norm, keys without bias.
 *
 * @see Radford et al. (2022), "Robust speech recognition via large-scale weak supervision"; the defaults are those of transformers
 */
export function whisperLayer(config: Config, part: 'encoder' | 'decoder'): TransformerLayer {
  return {
    width: config.size('d_model', 384),
    hidden: config.size(`${part}_ffn_dim`, 1536),
    heads: config.count(`${part}_attention_heads`, 6),
    names: {
      projections: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
      output: 'self_attn.out_proj',
      attentionNorm: 'self_attn_layer_norm',
      inner: 'fc1',
      outer: 'fc2',
      feedForwardNorm: 'final_layer_norm',
    },
    normalization: 'pre',
    epsilon: 1e-5, // torch's default, fixed in the family
    activation: activationOf(config.label, config.text('activation_function', 'gelu')),
    bias: { attention: true, key: false },
    dropout: {
      hidden: config.number('dropout', 0),
      attention: config.number('attention_dropout', 0),
      inner: config.number('activation_dropout', 0),
    },
  };
}
