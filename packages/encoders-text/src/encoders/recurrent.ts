import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  requireInteger,
  requireOneOf,
} from '@crossmodal/core';
import { maskedPooling } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { recurrent } from '../layers/recurrent.js';
import { savedText } from './saved-text.js';
import { dropped, type TextEncoderOptions, textInputs, textPreparation, textPreprocessing } from './text-inputs.js';

export interface RecurrentEncoderOptions extends TextEncoderOptions {
  /** @default 'lstm' */
  cell?: 'lstm' | 'gru';
  /**
   * Width of the embeddings; `dimension` unless given.
   * @default dimension
   */
  embedding?: number;
  /** @default 1 */
  layers?: number;
  /**
   * Half of `dimension` in each direction, side by side.
   * @default false
   */
  bidirectional?: boolean;
  /**
   * The hidden state after the last token (in each direction after the last it meets), or the mean of all.
   * @default 'last'
   */
  pooling?: 'last' | 'mean';
}

/**
 * Embedded tokens through an LSTM or GRU; the vector is the last hidden state. Padding is masked: it changes nothing.
 *
 * @returns an encoder of strings; its inputs are `ids` and `mask` [batch, maximumLength]
 * @throws CrossmodalError when a size is out of range, or `dimension` is odd and `bidirectional` set
 * @see Hochreiter and Schmidhuber (1997); Schuster and Paliwal (1997), bidirectional networks; Cho et al. (2014), GRU
 * @example
 * const encoder = lstmEncoder({ tokenizer, dimension: 128, bidirectional: true, seed: 1 });
 */
export function lstmEncoder({
  cell = 'lstm',
  tokenizer,
  dimension,
  embedding = dimension,
  layers = 1,
  bidirectional = false,
  pooling = 'last',
  maximumLength = 32,
  dropout = 0,
  seed,
  ...others
}: RecurrentEncoderOptions): Encoder<string> {
  assertKnownOptions('lstmEncoder', others, [
    'cell',
    'embedding',
    'layers',
    'bidirectional',
    'pooling',
    'tokenizer',
    'dimension',
    'maximumLength',
    'dropout',
    'seed',
  ]);
  requireOneOf('lstmEncoder: cell', cell, ['lstm', 'gru']);
  requireOneOf('lstmEncoder: pooling', pooling, ['mean', 'last']);

  requireInteger('lstmEncoder: layers', layers);
  if (bidirectional && dimension % 2 !== 0) {
    throw new CrossmodalError(`lstmEncoder: a bidirectional encoder needs an even dimension, got ${dimension}`);
  }
  const options = { tokenizer, dimension, maximumLength, dropout, seed };
  const { inputs, mask, embedded, seedOf } = textInputs('lstmEncoder', options, {
    width: embedding,
    deviation: embedding ** -0.5, // vectors of length one, about
  });
  const units = bidirectional ? dimension / 2 : dimension;
  let x = dropped(embedded, dropout, 'dropout', seedOf);
  let directions: tfl.SymbolicTensor[] = [];
  for (let i = 1; i <= layers; i++) {
    const run = (name: string, backward: boolean) =>
      recurrent({ cell, units, backward, seed: seedOf(name), name }).apply([x, mask]) as tfl.SymbolicTensor;
    directions = [run(`forward${i}`, false)];
    if (bidirectional) directions.push(run(`backward${i}`, true));
    x = joined(directions, `states${i}`);
    if (i < layers) x = dropped(x, dropout, `dropout${i}`, seedOf);
  }
  return defineEncoder<string>({
    modality: 'text',
    model: tfl.model({ inputs, outputs: pooled(x, directions, mask, pooling), name: 'recurrent_encoder' }),
    sequenceModel: tfl.model({ inputs, outputs: x, name: 'recurrent_words' }),
    inputs: ['ids', 'mask'],
    prepare: textPreparation(tokenizer, maximumLength),
    preprocessing: textPreprocessing('lstmEncoder', tokenizer, maximumLength),
    saved: savedText('lstmEncoder', { ...options, cell, embedding, layers, bidirectional, pooling }),
  });
}

/**
 * `lstmEncoder` with gated recurrent units.
 *
 * @example
 * const encoder = gruEncoder({ tokenizer, dimension: 128, seed: 1 });
 */
export function gruEncoder(options: Omit<RecurrentEncoderOptions, 'cell'>): Encoder<string> {
  assertKnownOptions('gruEncoder', options, [
    'embedding',
    'layers',
    'bidirectional',
    'pooling',
    'tokenizer',
    'dimension',
    'maximumLength',
    'dropout',
    'seed',
  ]);

  return lstmEncoder({ ...options, cell: 'gru' });
}

function joined(parts: tfl.SymbolicTensor[], name: string): tfl.SymbolicTensor {
  return parts.length === 1
    ? parts[0]!
    : (tfl.layers.concatenate({ axis: -1, name }).apply(parts) as tfl.SymbolicTensor);
}

/** States stand still where the mask is zero: the last place holds the forward state, the first the backward one. */
function pooled(
  states: tfl.SymbolicTensor,
  directions: tfl.SymbolicTensor[],
  mask: tfl.SymbolicTensor,
  pooling: 'last' | 'mean',
): tfl.SymbolicTensor {
  if (pooling === 'mean')
    return maskedPooling({ mode: 'mean', name: 'pool' }).apply([states, mask]) as tfl.SymbolicTensor;
  const ends = directions.map((states, i) => {
    const mode = i === 0 ? 'last' : 'first';
    return maskedPooling({ mode, name: `${mode}_state` }).apply([states, mask]) as tfl.SymbolicTensor;
  });
  return joined(ends, 'state');
}
