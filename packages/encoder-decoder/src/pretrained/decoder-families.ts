import { CrossmodalError } from '@crossmodal/core';
import { type Config, gpt2Layer, whisperLayer } from '@crossmodal/core/blocks';
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
  const self = gpt2Layer(config);
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
  const self = whisperLayer(config, 'decoder');
  return {
    stack: new TransformerStack({
      layer: {
        self,
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
      dropout: config.number('dropout', 0),
    }),
    tokens: {
      vocabularySize: config.size('vocab_size', 51865),
      names: { tokens: 'embed_tokens' },
      scale: 1, // whatever scale_embedding says: transformers does not apply it
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
