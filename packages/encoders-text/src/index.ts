export { type BagEncoderOptions, bagEncoder } from './encoders/bag.js';
export { gruEncoder, lstmEncoder, type RecurrentEncoderOptions } from './encoders/recurrent.js';
export type { TextEncoderOptions } from './encoders/text-inputs.js';
export { type TransformerEncoderOptions, transformerEncoder } from './encoders/transformer.js';
export type { RecurrentCell } from './layers/recurrence.js';
export { Recurrent, type RecurrentOptions, recurrent } from './layers/recurrent.js';
export {
  type LoadTextEncoderOptions,
  loadTextEncoder,
  type PretrainedTextEncoder,
} from './pretrained/load-text-encoder.js';
export type { TextPooling } from './pretrained/pooling.js';
export { characterTokenizer } from './tokenizers/character.js';
export type { Encoding } from './tokenizers/pretrained/encoding.js';
export { loadTokenizer } from './tokenizers/pretrained/load-tokenizer.js';
export type { Padding } from './tokenizers/pretrained/pad.js';
export {
  type EncodeOptions,
  type PretrainedTokenizer,
  pretrainedTokenizer,
  type TextOrPair,
} from './tokenizers/pretrained/pretrained-tokenizer.js';
export type { Truncation } from './tokenizers/pretrained/truncate.js';
export { encodeBatch, type TokenBatch, type Tokenizer } from './tokenizers/tokenizer.js';
export type { VocabularyOptions } from './tokenizers/vocabulary.js';
export type { VocabularyTokenizer, VocabularyTokenizerOptions } from './tokenizers/vocabulary-tokenizer.js';
export { wordTokenizer } from './tokenizers/word.js';
