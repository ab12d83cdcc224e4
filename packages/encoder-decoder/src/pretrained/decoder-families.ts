import { CrossmodalError } from '@crossmodal/core';
import { activationOf, type Config, type TransformerLayer } from '@crossmodal/core/blocks';
import type { TokenDecoderOptions } from '../decoders/token-decoder.js';
import { TransformerStack } from '../decoders/transformer-stack.js';

/** A decoder of a family of published models: its layers, and the names that they have in its files. */
export interface DecoderFamily {
  stack: TransformerStack;
  tokens: TokenDecoderOptions;
  /** Prefixes that files may have before the names, the usual one first. */
  prefixes: readonly string[];
}

/**
 * GPT-2: causal, pre-norm, the table of words gives the logits; with attention to an encoder in vision-encoder-decoder folders.
 *
 * @see Radford et al. (2019), "Language models are unsupervised multitask learners"
 */
export function gpt2Decoder(config: Config, { memoryWidth }: { memoryWidth?: number | undefined } = {}): DecoderFamily {
  requireFlags(config, {
    scale_attn_by_inverse_layer_idx: false,
    scale_attn_weights: true,
    tie_word_embeddings: true,
  });
  const width = config.size('n_embd', 768);
  const self: TransformerLayer = {
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
  const cross = {
    query: 'crossattention.q_attn',
    keyValue: 'crossattention.c_attn',
    output: 'crossattention.c_proj',
    norm: 'ln_cross_attn',
  };
  return {
    stack: new TransformerStack({
      layer: memoryWidth === undefined ? { self } : { self, cross },
      layers: config.count('n_layer', 12),
      length: config.size('n_positions', 1024),
      names: { layers: 'h', positions: 'wpe', norm: 'ln_f' },
      dropout: config.number('embd_pdrop', 0.1),
    }),
    tokens: { vocabularySize: config.size('vocab_size', 50257), names: { tokens: 'wte' } },
    prefixes: ['transformer.', ''],
  };
}

/**
 * Whisper's decoder: pre-norm, learned positions, the table of tokens gives the logits.
 *
 * @see Radford et al. (2022), "Robust speech recognition via large-scale weak supervision"
 */
export function whisperDecoder(config: Config): DecoderFamily {
  requireFlags(config, { tie_word_embeddings: true });
  const width = config.size('d_model', 384);
  const dropout = config.number('dropout', 0);
  return {
    stack: new TransformerStack({
      layer: {
        self: {
          width,
          hidden: config.size('decoder_ffn_dim', 1536),
          heads: config.count('decoder_attention_heads', 6),
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
            hidden: dropout,
            attention: config.number('attention_dropout', 0),
            inner: config.number('activation_dropout', 0),
          },
        },
        cross: {
          query: 'encoder_attn.q_proj',
          keyValue: ['encoder_attn.k_proj', 'encoder_attn.v_proj'],
          keyBias: false,
          output: 'encoder_attn.out_proj',
          norm: 'encoder_attn_layer_norm',
        },
      },
      layers: config.count('decoder_layers', 4),
      length: config.size('max_target_positions', 448),
      names: { layers: 'layers', positions: 'embed_positions', norm: 'layer_norm' },
      dropout,
    }),
    tokens: {
      vocabularySize: config.size('vocab_size', 51865),
      names: { tokens: 'embed_tokens' },
      scale: config.flag('scale_embedding') ? Math.sqrt(width) : 1,
    },
    prefixes: ['model.decoder.', 'decoder.'],
  };
}

/** Refuses what would be computed otherwise; a flag that is missing has the value that is asked for, as in transformers. */
function requireFlags(config: Config, flags: Readonly<Record<string, boolean>>): void {
  for (const [key, value] of Object.entries(flags)) {
    if (config.flag(key, value) !== value) {
      throw new CrossmodalError(`${config.label}: ${key} must be ${value}, ${!value} is not supported`);
    }
  }
}
