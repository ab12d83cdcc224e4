import type { Encoder, Inputs } from '@crossmodal/core';
import type { PretrainedEncoder } from '@crossmodal/core/blocks';
import type { TextOrPair } from '../tokenizers/pretrained/pretrained-tokenizer.js';

/** A text encoder that was loaded from files. */
export interface PretrainedTextEncoder extends PretrainedEncoder<TextOrPair> {
  readonly maximumLength: number;
  /** Prompts of the folder by name: `prepare(texts, { prompt: 'query' })` puts one before each text. */
  readonly prompts: Readonly<Record<string, string>>;
  prepare(
    items: readonly TextOrPair[],
    options?: Parameters<Encoder['prepare']>[1] & { prompt?: string },
  ): Promise<Inputs>;
}
