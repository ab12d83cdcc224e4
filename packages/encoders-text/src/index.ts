export { type BagEncoderOptions, bagEncoder } from './encoders/bag.js';
export { gruEncoder, lstmEncoder, type RecurrentEncoderOptions } from './encoders/recurrent.js';
export type { TextEncoderOptions } from './encoders/text-inputs.js';
export { type TransformerEncoderOptions, transformerEncoder } from './encoders/transformer.js';
export type { RecurrentCell } from './layers/recurrence.js';
export { Recurrent, type RecurrentOptions, recurrent } from './layers/recurrent.js';
export {
  type LoadTextEncoderOptions,
  loadTextEncoder,
} from './pretrained/load-text-encoder.js';
export type { TextPooling } from './pretrained/pooling.js';
export type { PretrainedTextEncoder } from './pretrained/pretrained-text-encoder.js';
export type { Encoding } from './tokenizer-json/encoding.js';
export type { Padding } from './tokenizer-json/pad.js';
export type { Truncation } from './tokenizer-json/truncate.js';
export { characterTokenizer } from './tokenizers/character.js';
export { openTokenizer } from './tokenizers/open-tokenizer.js';
export { loadTokenizer } from './tokenizers/pretrained/load-tokenizer.js';
export {
  type DecodeOptions,
  type EncodeOptions,
  type PretrainedTokenizer,
  type PretrainedTokenizerOptions,
  pretrainedTokenizer,
  type TextOrPair,
} from './tokenizers/pretrained/pretrained-tokenizer.js';
export { encodeBatch, type TokenBatch, type Tokenizer } from './tokenizers/tokenizer.js';
export type { VocabularyOptions } from './tokenizers/vocabulary.js';
export type { VocabularyTokenizer, VocabularyTokenizerOptions } from './tokenizers/vocabulary-tokenizer.js';
export { wordTokenizer } from './tokenizers/word.js';
