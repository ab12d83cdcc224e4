import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Turns text into numbers and back; the tokenisers of `@crossmodal/encoders-text` with a vocabulary of their own are such. */
export interface SequenceTokenizer {
  readonly vocabularySize: number;
  readonly paddingId: number;
  /** The token that a sequence begins with. */
  readonly beginId: number;
  /** The token that ends a sequence. */
  readonly endId: number;
  encode(text: string): number[];
  decode(ids: ArrayLike<number>): string;
  /** What makes it again, as JSON can hold it. */
  toJSON?(): unknown;
}

/** Tokens that a model learns to give, the end included: `ids` [batch, length] int32, and `mask`, one where a row has a token. */
export type TargetBatch = { ids: Tensor2D; mask: Tensor2D };

/** Refuses a tokeniser without the special tokens that a sequence needs. */
export function requireSpecialTokens(where: string, tokenizer: SequenceTokenizer): void {
  const { vocabularySize } = tokenizer;
  for (const name of ['paddingId', 'beginId', 'endId'] as const) {
    const id = tokenizer[name] as number | undefined;
    if (!Number.isSafeInteger(id) || id! < 0 || id! >= vocabularySize) {
      throw new CrossmodalError(
        `${where}: the tokenizer must have a ${name} below its vocabulary of ${vocabularySize}, got ${id}`,
        {
          remedy:
            'sequences need a token that begins and one that ends them; wordTokenizer and characterTokenizer have them',
        },
      );
    }
  }
}

/** The tokens of a text between the one that begins and the one that ends it. */
export function innerTokens(tokenizer: SequenceTokenizer, text: string): number[] {
  const ids = tokenizer.encode(text);
  const from = ids[0] === tokenizer.beginId ? 1 : 0;
  return ids.slice(from, ids.length > from && ids.at(-1) === tokenizer.endId ? -1 : undefined);
}

/**
 * Texts as what a decoder learns to give: their tokens and the end, filled up with padding.
 *
 * @throws CrossmodalError when there is no text, one is empty, or one is longer than the decoder
 */
export function targetBatch(
  where: string,
  texts: readonly string[],
  { tokenizer, length, cut }: { tokenizer: SequenceTokenizer; length: number; cut: boolean },
): TargetBatch {
  if (texts.length === 0) throw new CrossmodalError(`${where}: there must be at least one text, got none`);
  const ids = new Int32Array(texts.length * length).fill(tokenizer.paddingId);
  const mask = new Float32Array(texts.length * length);
  for (const [i, text] of texts.entries()) {
    if (typeof text !== 'string')
      throw new CrossmodalError(`${where}: texts must be strings, got ${typeof text} at ${i}`);
    const inner = innerTokens(tokenizer, text);
    if (inner.length === 0) {
      throw new CrossmodalError(`${where}: text ${i} is empty: ${JSON.stringify(text)}`, {
        remedy: 'leave such rows out: a model that learns from them learns to say nothing',
      });
    }
    if (inner.length + 1 > length && !cut) {
      throw new CrossmodalError(
        `${where}: text ${i} has ${inner.length} tokens and an end, the decoder takes ${length}: ${JSON.stringify(text.slice(0, 60))}`,
        { remedy: 'build the model with a larger maximumLength, or pass { cut: true }' },
      );
    }
    const row = [...inner, tokenizer.endId].slice(0, length);
    ids.set(row, i * length);
    mask.fill(1, i * length, i * length + row.length);
  }
  return {
    ids: tf.tensor2d(ids, [texts.length, length], 'int32'),
    mask: tf.tensor2d(mask, [texts.length, length]),
  };
}
