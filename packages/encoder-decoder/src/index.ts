export { type CtcBeamOptions, type CtcDecodeOptions, ctcBeam, ctcGreedy } from './ctc/decode.js';
export type { CtcHypothesis } from './ctc/prefix-beam.js';
export type { Decoder, DecoderPlan, DecoderShape, DecoderState } from './decoders/decoder.js';
export { type RecurrentDecoderOptions, recurrentDecoder } from './decoders/recurrent-decoder.js';
export { type TransformerDecoderOptions, transformerDecoder } from './decoders/transformer-decoder.js';
export { type BeamOptions, beam } from './generation/beam.js';
export { type GreedyOptions, greedy } from './generation/greedy.js';
export { type SampleOptions, sample } from './generation/sample.js';
export type { GeneratedSequence, NextTokens, Search, SearchStrategy, SearchTask } from './generation/search.js';
export { type Bleu, type BleuOptions, bleu } from './metrics/bleu.js';
export { ciderD } from './metrics/cider-d.js';
export { characterErrorRate, type ErrorRate, wordErrorRate } from './metrics/error-rate.js';
export { meteorExact } from './metrics/meteor.js';
export { type RougeLOptions, rougeL } from './metrics/rouge-l.js';
export { tokenize13a } from './metrics/tokenize-13a.js';
export {
  type CtcBatch,
  type CtcRecogniser,
  type CtcRecogniserOptions,
  ctcRecogniser,
  loadCtcRecogniser,
} from './models/ctc-recogniser.js';
export {
  type EncoderDecoder,
  type EncoderDecoderOptions,
  encoderDecoder,
  type SequenceBatch,
} from './models/encoder-decoder.js';
export type { GeneratedText, GenerateOptions } from './models/generate-options.js';
export type { SequenceTokenizer, TargetBatch } from './models/sequence-tokenizer.js';
export {
  loadTextToSpeech,
  type SpeakOptions,
  type SpeechBatch,
  type SpokenFrames,
  type TextToSpeech,
  type TextToSpeechOptions,
  textToSpeech,
} from './models/text-to-speech.js';
export { encoderFiles } from './pretrained/encoder-files.js';
export {
  type LanguageModel,
  type LoadedTokenizer,
  type LoadLanguageModelOptions,
  loadLanguageModel,
  type TokenRows,
} from './pretrained/language-model.js';
export { type LoadEncoderDecoderOptions, loadEncoderDecoder } from './pretrained/load-encoder-decoder.js';
export type { WhisperTask } from './pretrained/whisper-prompt.js';
