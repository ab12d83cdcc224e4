import {
  type Encoder,
  type Inputs,
  layerSeeds,
  type Preprocessing,
  requireInteger,
  requireRate,
} from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { encodeBatch, type Tokenizer } from '../tokenizers/tokenizer.js';
import type { VocabularyTokenizer } from '../tokenizers/vocabulary-tokenizer.js';
import { tokenizerJson } from './saved-text.js';

/** What all text encoders take. */
export interface TextEncoderOptions {
  tokenizer: Tokenizer;
  /** Length of the vector that comes out. */
  dimension: number;
  /**
   * Tokens per text; longer texts are cut, shorter ones filled up and masked.
   * @default 32
   */
  maximumLength?: number;
  /**
   * Share of values set to zero when training.
   * @default 0 (bagEncoder, lstmEncoder); 0.1 (transformerEncoder)
   */
  dropout?: number;
  seed: number;
}

/** Symbolic inputs, embedded tokens and the seeds of the layers that follow. */
export interface TextInputs {
  inputs: tfl.SymbolicTensor[];
  ids: tfl.SymbolicTensor;
  mask: tfl.SymbolicTensor;
  /** [batch, length, width] */
  embedded: tfl.SymbolicTensor;
  seedOf: (name: string) => number;
}

/**
 * `ids` and `mask` of `length` columns, and the embedding of the ids, N(0, deviation^2).
 * @throws CrossmodalError when a size is not a positive whole number or the dropout not in [0, 1)
 */
export function textInputs(
  where: string,
  { tokenizer, dimension, maximumLength, dropout, seed }: Required<TextEncoderOptions>,
  { width, deviation }: { width: number; deviation: number },
): TextInputs {
  for (const [name, value] of Object.entries({ dimension, maximumLength, width })) {
    requireInteger(`${where}: ${name}`, value);
  }
  requireRate(`${where}: dropout`, dropout);
  const seedOf = layerSeeds(where, seed);
  const ids = tfl.input({ shape: [maximumLength], dtype: 'int32', name: 'ids' });
  const mask = tfl.input({ shape: [maximumLength], name: 'mask' });
  const embedding = tfl.layers.embedding({
    inputDim: tokenizer.vocabularySize,
    outputDim: width,
    embeddingsInitializer: tfl.initializers.randomNormal({ mean: 0, stddev: deviation, seed: seedOf('embedding') }),
    name: 'embedding',
  });
  return { inputs: [ids, mask], ids, mask, embedded: embedding.apply(ids) as tfl.SymbolicTensor, seedOf };
}

/** Dropout when there is any, else the tensor itself. */
export function dropped(x: tfl.SymbolicTensor, rate: number, name: string, seedOf: (name: string) => number) {
  return rate > 0 ? (dropoutLayer({ rate, seed: seedOf(name), name }).apply(x) as tfl.SymbolicTensor) : x;
}

/** `prepare` of a text encoder. */
export function textPreparation(tokenizer: Tokenizer, maximumLength: number): Encoder<string>['prepare'] {
  const { paddingId, vocabularySize } = tokenizer;
  const observed: Tokenizer = {
    ...{ paddingId, vocabularySize, decode: (ids) => tokenizer.decode(ids) },
    encode(text, options) {
      const ids = tokenizer.encode(text, options);
      remarkOnUnknown(text, ids, tokenizer);
      return ids;
    },
  };
  return async (texts): Promise<Inputs> => encodeBatch(texts, { tokenizer: observed, maximumLength });
}

/** Tokenisers about which it was said. */
const remarked = new WeakSet<Tokenizer>();

/** Says once for a tokeniser when a text has no word that it knows: its vector tells nothing of it. */
function remarkOnUnknown(text: string, ids: readonly number[], tokenizer: Tokenizer): void {
  const { unknownId, beginId, endId } = tokenizer as Partial<VocabularyTokenizer>;
  if (unknownId === undefined || !ids.includes(unknownId) || remarked.has(tokenizer)) return;
  if (ids.some((id) => id !== unknownId && id !== beginId && id !== endId)) return;
  remarked.add(tokenizer);
  const message = `no word of ${JSON.stringify(text.slice(0, 80))} is in the vocabulary: its vector is that of any other such text; make the tokeniser of a corpus that has these words`;
  if (typeof process === 'object') process.emitWarning(message, 'CrossmodalWarning');
}

/** What `textPreparation` does. A tokeniser without toJSON stays with who wrote it: an exported model does not need it. */
export function textPreprocessing(where: string, tokenizer: Tokenizer, maximumLength: number): Preprocessing {
  const hasFile = tokenizer.toJSON?.() !== undefined;
  return {
    facts: {
      modality: 'text',
      tokenizer: hasFile ? 'tokenizer.json' : null,
      maximum_length: maximumLength,
      padding: { to: 'maximum_length', side: 'right', id: tokenizer.paddingId },
      mask: '1 for tokens, 0 for padding',
    },
    ...(hasFile ? { files: () => tokenizerJson(where, tokenizer) } : {}),
  };
}

/** A dense layer with a seed of its own. */
export function dense(units: number, name: string, seedOf: (name: string) => number, activation?: 'relu') {
  return tfl.layers.dense({
    units,
    ...(activation ? { activation } : {}),
    kernelInitializer: activation
      ? tfl.initializers.heUniform({ seed: seedOf(name) })
      : tfl.initializers.glorotUniform({ seed: seedOf(name) }),
    name,
  });
}
