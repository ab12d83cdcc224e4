import { assertKnownOptions, CrossmodalError, requireInteger, requireOneOf } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';

/** Turns text into numbers and back. */
export interface Tokenizer {
  /** Numbers are below this. */
  readonly vocabularySize: number;
  /** What fills up short texts of a batch. */
  readonly paddingId: number;
  /** Text to numbers, special tokens included, cut to `maximumLength` (special tokens at the end are kept). */
  encode(text: string, options?: { maximumLength?: number }): number[];
  /** Numbers to text, without special tokens. */
  decode(ids: ArrayLike<number>): string;
  /** What makes it again, as JSON can hold it; saved beside an encoder's weights as its tokenizer.json. */
  toJSON?(): unknown;
}

/** A batch of texts as numbers: `ids` [batch, length] int32, and `mask` [batch, length], one where a text has a token. */
export type TokenBatch = { ids: tf.Tensor2D; mask: tf.Tensor2D };

/**
 * Encodes texts to one length: short ones are filled up behind with the padding number.
 *
 * @param texts at least one
 * @param options.maximumLength longer texts are cut
 * @param options.length `maximum`: every batch has `maximumLength` columns, so that a compiled step is traced once;
 *   `longest`: as many as the longest text needs
 * @returns `ids` and `mask`; an empty text has a mask of zeros
 * @throws CrossmodalError when there is no text, one is not a string, or the length is not a positive whole number
 * @example
 * const { ids, mask } = encodeBatch(['a cat', 'two dogs'], { tokenizer, maximumLength: 16 });
 */
export function encodeBatch(
  texts: readonly string[],
  {
    tokenizer,
    maximumLength,
    length: columns = 'maximum',
    ...others
  }: { tokenizer: Tokenizer; maximumLength: number; length?: 'maximum' | 'longest' },
): TokenBatch {
  assertKnownOptions('encodeBatch', others, ['tokenizer', 'maximumLength', 'length']);
  requireInteger('encodeBatch: maximumLength', maximumLength);
  requireOneOf('encodeBatch: length', columns, ['maximum', 'longest']);
  if (texts.length === 0) throw new CrossmodalError('encodeBatch: texts must hold at least one text, got none');
  const rows = texts.map((text, i) => {
    if (typeof text !== 'string') {
      throw new CrossmodalError(`encodeBatch: texts must be strings, got ${typeof text} at ${i}`);
    }
    return tokenizer.encode(text, { maximumLength });
  });
  const length = columns === 'maximum' ? maximumLength : Math.max(1, ...rows.map((row) => row.length));
  const ids = new Int32Array(texts.length * length).fill(tokenizer.paddingId);
  const mask = new Float32Array(texts.length * length);
  for (const [i, row] of rows.entries()) {
    ids.set(row, i * length);
    mask.fill(1, i * length, i * length + row.length);
  }
  return {
    ids: tf.tensor2d(ids, [texts.length, length], 'int32'),
    mask: tf.tensor2d(mask, [texts.length, length]),
  };
}
