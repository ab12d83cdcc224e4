import { assertKnownOptions, defineEncoder, type Encoder } from '@crossmodal/core';
import { maskedPooling } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { savedText } from './saved-text.js';
import {
  dense,
  dropped,
  type TextEncoderOptions,
  textInputs,
  textPreparation,
  textPreprocessing,
} from './text-inputs.js';

export interface BagEncoderOptions extends TextEncoderOptions {
  /**
   * Widths of ReLU layers behind the mean; without any, the mean of the embeddings is the vector.
   * @default []
   */
  hidden?: readonly number[];
}

/**
 * A bag of embeddings: the mean of the embeddings of a text's tokens, in any order, optionally through ReLU layers and a
 * linear one. A text without tokens gives the zero mean.
 *
 * @returns an encoder of strings; its inputs are `ids` and `mask` [batch, maximumLength]
 * @throws CrossmodalError when a size is not a positive whole number
 * @see Iyyer et al. (2015), deep averaging networks; Joulin et al. (2017), fastText
 * @example
 * const encoder = bagEncoder({ tokenizer: wordTokenizer({ corpus: names }), dimension: 64, seed: 1 });
 */
export function bagEncoder({
  tokenizer,
  dimension,
  maximumLength = 32,
  dropout = 0,
  hidden = [],
  seed,
  ...others
}: BagEncoderOptions): Encoder<string> {
  assertKnownOptions('bagEncoder', others, ['hidden', 'tokenizer', 'dimension', 'maximumLength', 'dropout', 'seed']);

  const options = { tokenizer, dimension, maximumLength, dropout, seed };
  const { inputs, mask, embedded, seedOf } = textInputs('bagEncoder', options, {
    width: dimension,
    deviation: dimension ** -0.5, // vectors of length one, about
  });
  const words = dropped(embedded, dropout, 'dropout', seedOf);
  let x = maskedPooling({ mode: 'mean', name: 'pool' }).apply([words, mask]) as tfl.SymbolicTensor;
  hidden.forEach((units, i) => {
    x = dense(units, `hidden${i + 1}`, seedOf, 'relu').apply(x) as tfl.SymbolicTensor;
  });
  if (hidden.length > 0) x = dense(dimension, 'output', seedOf).apply(x) as tfl.SymbolicTensor;
  return defineEncoder<string>({
    modality: 'text',
    model: tfl.model({ inputs, outputs: x, name: 'bag_encoder' }),
    sequenceModel: tfl.model({ inputs, outputs: words, name: 'bag_words' }),
    inputs: ['ids', 'mask'],
    prepare: textPreparation(tokenizer, maximumLength),
    preprocessing: textPreprocessing('bagEncoder', tokenizer, maximumLength),
    saved: savedText('bagEncoder', { ...options, hidden }),
  });
}
