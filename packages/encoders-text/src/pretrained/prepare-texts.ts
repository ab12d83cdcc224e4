import { CrossmodalError, type Inputs } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Encoding } from '../tokenizer-json/encoding.js';
import type { PretrainedTokenizer, TextOrPair } from '../tokenizers/pretrained/pretrained-tokenizer.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';

export interface TextPreparation {
  tokenizer: PretrainedTokenizer | Tokenizer;
  maximumLength: number;
  padding: 'longest' | 'maximum';
  /** Lengths of batches are multiples of this, so that few shapes are compiled. */
  lengthMultiple: number;
  /** Padding counts as text, as in SigLIP's training. */
  unmasked: boolean;
  lowercase: boolean;
  trim: boolean;
  /** Put before each text. */
  prompt: string;
  /** With false, the tokens of the prompt do not count when pooling. */
  includePrompt: boolean;
}

type Row = Pick<Encoding, 'ids' | 'typeIds'>;

/** Texts to `ids`, `mask`, and, for pairs, `typeIds`. */
export function preparedTexts(texts: readonly TextOrPair[], options: TextPreparation): Inputs {
  const { tokenizer, maximumLength, padding, lengthMultiple, unmasked, prompt, includePrompt } = options;
  if (texts.length === 0) throw new CrossmodalError('prepare: texts must hold at least one text, got none');
  const rows = encodedRows(texts, options);
  const longest = Math.max(1, ...rows.map(({ ids }) => ids.length));
  const rounded = Math.ceil(longest / lengthMultiple) * lengthMultiple;
  const length = padding === 'maximum' ? maximumLength : Math.min(rounded, maximumLength);
  const shape: [number, number] = [rows.length, length];
  const ids = new Int32Array(rows.length * length).fill(tokenizer.paddingId);
  const mask = new Float32Array(rows.length * length).fill(unmasked ? 1 : 0);
  rows.forEach((row, i) => {
    ids.set(row.ids, i * length);
    mask.fill(1, i * length, i * length + row.ids.length);
  });
  const inputs: Inputs = { ids: tf.tensor2d(ids, shape, 'int32'), mask: tf.tensor2d(mask, shape) };
  if (texts.some((text) => typeof text !== 'string')) {
    const types = new Int32Array(rows.length * length);
    rows.forEach((row, i) => {
      types.set(row.typeIds, i * length);
    });
    inputs['typeIds'] = tf.tensor2d(types, shape, 'int32');
  }
  if (prompt !== '' && !includePrompt) {
    // The prompt's own tokens without the special one behind it.
    const hidden = encodedRows(['prompt'], { ...options, prompt: '', wholeText: prompt })[0]!.ids.length - 1;
    const counted = mask.slice();
    rows.forEach((_, i) => {
      counted.fill(0, i * length, i * length + Math.min(hidden, length));
    });
    inputs['poolingMask'] = tf.tensor2d(counted, shape);
  }
  return inputs;
}

function encodedRows(
  texts: readonly TextOrPair[],
  { tokenizer, maximumLength, lowercase, trim, prompt, wholeText }: TextPreparation & { wholeText?: string },
): Row[] {
  const clean = (text: string, i: number) => {
    if (typeof text !== 'string')
      throw new CrossmodalError(`prepare: texts must be strings, got ${typeof text} at ${i}`);
    const whole = wholeText ?? prompt + text;
    const trimmed = trim ? whole.trim() : whole;
    return lowercase ? trimmed.toLowerCase() : trimmed;
  };
  const cleaned = texts.map(
    (text, i): TextOrPair => (Array.isArray(text) ? [clean(text[0], i), clean(text[1], i)] : clean(text as string, i)),
  );
  if ('encodeTexts' in tokenizer) {
    return tokenizer.encodeTexts(cleaned, { truncation: { maximumLength }, padding: null });
  }
  return cleaned.map((text, i) => {
    if (typeof text !== 'string') {
      throw new CrossmodalError(`prepare: this tokeniser takes no pairs of texts, got one at ${i}`);
    }
    const ids = tokenizer.encode(text, { maximumLength });
    return { ids, typeIds: ids.map(() => 0) };
  });
}
