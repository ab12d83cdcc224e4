import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  requireInteger,
  requireOneOf,
} from '@crossmodal/core';
import { maskedPooling, positionEmbedding, transformerBlock } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { savedText } from './saved-text.js';
import { dropped, type TextEncoderOptions, textInputs, textPreparation, textPreprocessing } from './text-inputs.js';

export interface TransformerEncoderOptions extends TextEncoderOptions {
  /** @default 4 */
  layers?: number;
  /** @default 4 */
  heads?: number;
  /** Width of the feed-forward parts; four times `dimension` unless given. */
  hidden?: number;
  /**
   * `first` reads the state of the first token: give a tokeniser whose texts begin with a special one, as [CLS].
   * @default 'mean'
   */
  pooling?: 'mean' | 'first' | 'last' | 'max';
  /** @default 'learned' */
  positions?: 'learned' | 'sinusoidal';
  /** @default 'pre' */
  normalization?: 'pre' | 'post';
  /**
   * Hides later tokens from earlier ones, as in CLIP's text tower.
   * @default false
   */
  causal?: boolean;
}

/**
 * A Transformer over the tokens of a text; padding is masked. The width is `dimension` throughout; with `pre`
 * normalisation a last layer normalisation follows.
 *
 * @returns an encoder of strings; its inputs are `ids` and `mask` [batch, maximumLength]
 * @throws CrossmodalError when a size is out of range or the heads do not divide `dimension`
 * @see Vaswani et al. (2017); Xiong et al. (2020), pre-norm; Reimers and Gurevych (2019), mean pooling
 * @example
 * const encoder = transformerEncoder({ tokenizer, dimension: 128, layers: 2, heads: 4, seed: 1 });
 */
export function transformerEncoder({
  tokenizer,
  dimension,
  layers = 4,
  heads = 4,
  hidden,
  pooling = 'mean',
  positions = 'learned', // BERT, GPT-2, CLIP
  normalization = 'pre', // GPT-2, CLIP; trains without warm-up
  causal = false,
  maximumLength = 32,
  dropout = 0.1, // Vaswani et al.
  seed,
  ...others
}: TransformerEncoderOptions): Encoder<string> {
  assertKnownOptions('transformerEncoder', others, [
    'layers',
    'heads',
    'hidden',
    'pooling',
    'positions',
    'normalization',
    'causal',
    'tokenizer',
    'dimension',
    'maximumLength',
    'dropout',
    'seed',
  ]);
  requireOneOf('transformerEncoder: positions', positions, ['learned', 'sinusoidal']);
  requireOneOf('transformerEncoder: normalization', normalization, ['pre', 'post']);

  requireInteger('transformerEncoder: layers', layers);
  if (!(Number.isInteger(heads) && heads > 0 && dimension % heads === 0)) {
    throw new CrossmodalError(`transformerEncoder: heads must divide dimension, got ${heads} and ${dimension}`);
  }
  const options = { tokenizer, dimension, maximumLength, dropout, seed };
  const { inputs, mask, embedded, seedOf } = textInputs('transformerEncoder', options, {
    width: dimension,
    deviation: 0.02, // BERT, GPT-2
  });
  const place = positionEmbedding({
    length: maximumLength,
    kind: positions,
    seed: seedOf('positions'),
    name: 'positions',
  });
  let x = dropped(place.apply(embedded) as tfl.SymbolicTensor, dropout, 'dropout', seedOf);
  for (let i = 1; i <= layers; i++) {
    const name = `block${i}`;
    const block = transformerBlock({ heads, hidden, normalization, causal, dropout, seed: seedOf(name), name });
    x = block.apply([x, mask]) as tfl.SymbolicTensor;
  }
  if (normalization === 'pre') {
    x = tfl.layers.layerNormalization({ epsilon: 1e-5, name: 'normalization' }).apply(x) as tfl.SymbolicTensor;
  }
  const vector = maskedPooling({ mode: pooling, name: 'pool' }).apply([x, mask]) as tfl.SymbolicTensor;
  return defineEncoder<string>({
    modality: 'text',
    model: tfl.model({ inputs, outputs: vector, name: 'transformer_encoder' }),
    sequenceModel: tfl.model({ inputs, outputs: x, name: 'transformer_words' }),
    inputs: ['ids', 'mask'],
    prepare: textPreparation(tokenizer, maximumLength),
    preprocessing: textPreprocessing('transformerEncoder', tokenizer, maximumLength),
    saved: savedText('transformerEncoder', {
      ...{ ...options, layers, heads, hidden, pooling, positions, normalization, causal },
    }),
  });
}
