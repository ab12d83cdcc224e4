import { assertKnownOptions, CrossmodalError, Random, requireInteger, requireRate } from '@crossmodal/core';
import { gelu } from '@crossmodal/core/layers';
import type { DecoderPlan } from './decoder.js';
import { dropoutRuns } from './dropout-run.js';
import { initialWeights } from './initial-weights.js';
import { type TokenDecoderOptions, tokenDecoder, tokenDecoderSpecs } from './token-decoder.js';
import { TransformerStack } from './transformer-stack.js';

export interface TransformerDecoderOptions {
  /**
   * Width of the layers.
   * @default 128
   */
  dimension?: number;
  /** @default 2 */
  layers?: number;
  /** @default 4 */
  heads?: number;
  /**
   * Width of the feed-forward parts; four times `dimension` unless given.
   * @default 4 * dimension
   */
  hidden?: number;
  /** @default 0.1 */
  dropout?: number;
  /**
   * The table of tokens gives the logits, too.
   * @default true
   */
  tiedEmbeddings?: boolean;
}

/**
 * A pre-norm Transformer decoder: each layer looks at the tokens so far, then at the encoder's sequence. Positions are learned.
 *
 * @throws CrossmodalError when a size is out of range or the heads do not divide the width
 * @see Vaswani et al. (2017), section 3; Xiong et al. (2020), pre-norm; Press and Wolf (2017), tied embeddings
 * @example
 * const decoder = transformerDecoder({ dimension: 64, layers: 2, heads: 4 });
 */
export function transformerDecoder(options: TransformerDecoderOptions = {}): DecoderPlan {
  assertKnownOptions('transformerDecoder', options, {
    dimension: true,
    layers: true,
    heads: true,
    hidden: true,
    dropout: true,
    tiedEmbeddings: true,
  } satisfies Record<keyof TransformerDecoderOptions, true>);
  const {
    dimension = 128,
    layers = 2,
    heads = 4,
    hidden = 4 * dimension, // Vaswani et al.
    dropout = 0.1, // Vaswani et al.
    tiedEmbeddings = true, // Press and Wolf
  } = options;
  for (const [name, value] of Object.entries({ dimension, layers, heads, hidden })) {
    requireInteger(`transformerDecoder: ${name}`, value);
  }
  requireRate('transformerDecoder: dropout', dropout);
  if (dimension % heads !== 0) {
    throw new CrossmodalError(`transformerDecoder: heads must divide dimension, got ${heads} and ${dimension}`);
  }
  return {
    saved: { type: 'transformer', options: { dimension, layers, heads, hidden, dropout, tiedEmbeddings } },
    build({ vocabularySize, maximumLength, memoryWidth, seed }) {
      const stack = ownStack({ dimension, layers, heads, hidden, dropout, length: maximumLength, memoryWidth });
      const tokens: TokenDecoderOptions = {
        vocabularySize,
        names: { tokens: 'tokens', head: tiedEmbeddings ? undefined : 'head' },
      };
      const parameters = initialWeights(tokenDecoderSpecs(stack, tokens), {
        random: new Random(seed).fork('decoder'),
        draw: drawOf(layers),
      });
      return tokenDecoder(parameters, stack, tokens, dropoutRuns(seed));
    },
  };
}

/** A stack with the names of this package. */
export function ownStack({
  dimension,
  layers,
  heads,
  hidden,
  dropout,
  length,
  memoryWidth,
}: Required<Omit<TransformerDecoderOptions, 'tiedEmbeddings'>> & {
  length: number;
  memoryWidth: number;
}): TransformerStack {
  return new TransformerStack({
    layer: {
      self: {
        width: dimension,
        hidden,
        heads,
        names: {
          projections: ['self.query', 'self.key', 'self.value'],
          output: 'self.output',
          attentionNorm: 'self.norm',
          inner: 'feed.inner',
          outer: 'feed.outer',
          feedForwardNorm: 'feed.norm',
        },
        normalization: 'pre',
        epsilon: 1e-5,
        activation: gelu,
        dropout: { hidden: dropout, attention: dropout },
      },
      cross: {
        query: 'cross.query',
        keyValue: ['cross.key', 'cross.value'],
        output: 'cross.output',
        norm: 'cross.norm',
      },
    },
    layers,
    length,
    memoryWidth,
    names: { layers: 'layers', positions: 'positions', norm: 'norm', memoryProjection: 'memory' },
    dropout,
  });
}

/** GPT-2's initial weights: N(0, 0.02^2), and less by 1 / sqrt(residual sums) for what is added to the residual; projections by Glorot. */
export const drawOf =
  (layers: number) =>
  (name: string, shape: readonly number[]): { deviation: number } | { value: number } => {
    if (name.endsWith('.bias')) return { value: 0 };
    if (/(^|\.)norm\.weight$/.test(name)) return { value: 1 };
    if (/^(tokens|positions)\.weight$/.test(name)) return { deviation: 0.02 };
    const glorot = Math.sqrt(2 / (shape[0]! + shape[1]!));
    return { deviation: /\.(output|outer)\.weight$/.test(name) ? glorot / Math.sqrt(3 * layers) : glorot };
  };
