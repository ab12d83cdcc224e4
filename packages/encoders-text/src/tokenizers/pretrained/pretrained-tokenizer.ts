import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import { tidySpacing } from '../../tokenizer-json/decoders/word-piece.js';
import type { Encoding } from '../../tokenizer-json/encoding.js';
import { shown } from '../../tokenizer-json/fields.js';
import { type Padding, padAll } from '../../tokenizer-json/pad.js';
import { type TokenizerPipeline, tokenizerPipeline } from '../../tokenizer-json/pipeline.js';
import type { Truncation } from '../../tokenizer-json/truncate.js';
import type { Tokenizer } from '../tokenizer.js';
import { readTokenizerConfig } from './tokenizer-config.js';

/** One text, or a pair of them. */
export type TextOrPair = string | readonly [string, string];

export interface EncodeOptions {
  /** Puts [CLS], [SEP] and the like where the tokeniser's template wants them. */
  specialTokens?: boolean;
  /** Cuts long texts; `null` cuts none. As in tokenizer.json unless given. */
  truncation?: Truncation | null;
  /** Fills up short texts; `null` fills none. As in tokenizer.json unless given. */
  padding?: Padding | null;
}

export interface DecodeOptions {
  /** Leaves out the special tokens; true unless given. */
  skipSpecialTokens?: boolean;
  /** Takes the blanks before punctuation and contractions away; as in tokenizer_config.json unless given. */
  tidySpaces?: boolean;
}

/** A tokeniser read from a tokenizer.json. */
export interface PretrainedTokenizer extends Tokenizer {
  /** The most tokens that the model takes, where tokenizer_config.json names them. */
  readonly modelMaximumLength: number | undefined;
  /** All that the Rust library gives for a text or pair, except offsets. */
  encodeText(text: TextOrPair, options?: EncodeOptions): Encoding;
  /** Several at once; `padding: { length: 'longest' }` means the longest of them. */
  encodeTexts(texts: readonly TextOrPair[], options?: EncodeOptions): Encoding[];
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** All tokens and their numbers, added ones included. */
  vocabulary(): Map<string, number>;
}

export interface PretrainedTokenizerOptions {
  /** What fills up batches, where the file does not say. */
  paddingToken?: string | undefined;
  /** The parsed tokenizer_config.json of the model. */
  config?: unknown;
  /** Name of the file, used in messages. */
  source?: string;
}

const known = {
  tokenizer: { paddingToken: true, config: true, source: true },
  encode: { specialTokens: true, truncation: true, padding: true },
  truncation: { maximumLength: true, stride: true, strategy: true, direction: true },
  padding: { length: true, multipleOf: true, direction: true, id: true, typeId: true, token: true },
  decode: { skipSpecialTokens: true, tidySpaces: true },
} as const satisfies {
  tokenizer: Record<keyof PretrainedTokenizerOptions, true>;
  encode: Record<keyof EncodeOptions, true>;
  truncation: Record<keyof Truncation, true>;
  padding: Record<keyof Padding, true>;
  decode: Record<keyof DecodeOptions, true>;
};

/**
 * A tokeniser from the parsed contents of a tokenizer.json (BPE, byte-level BPE, WordPiece, Unigram, WordLevel), exactly as
 * the Rust library defines it. Half surrogates in a text count as U+FFFD.
 *
 * @param contents the parsed file
 * @param options.paddingToken what fills up batches, where the file does not say
 * @param options.config the parsed tokenizer_config.json, of which `model_max_length`, `padding_side`, `truncation_side`,
 *   `clean_up_tokenization_spaces`, `pad_token`, further special tokens and, for BERT and byte-level models, the options of
 *   the normaliser and pre-tokeniser count
 * @param options.source name used in messages
 * @throws CrossmodalError when the contents are not those of a tokenizer.json, or name an unknown component
 * @see https://docs.rs/tokenizers
 * @example
 * const tokenizer = pretrainedTokenizer(JSON.parse(text));
 * tokenizer.encode('a photo of a cat');
 */
export function pretrainedTokenizer(contents: unknown, options: PretrainedTokenizerOptions = {}): PretrainedTokenizer {
  assertKnownOptions('pretrainedTokenizer', options, known.tokenizer);
  const { paddingToken, config: configuration, source = 'the given object' } = options;
  const config = readTokenizerConfig(configuration, contents);
  const pipeline = tokenizerPipeline(config.contents, { source, moreTokens: config.addedTokens });
  const paddingId = pipeline.padding?.id ?? paddingIdOf(pipeline, paddingToken ?? config.paddingToken);

  const truncationOf = (given: Truncation | null | undefined) => {
    const isOfFile = given === undefined;
    const truncation = isOfFile ? pipeline.truncation : given;
    if (!truncation) return null;
    assertKnownOptions('encode: truncation', truncation, known.truncation);
    const { maximumLength = config.modelMaximumLength, direction = config.truncationSide, ...rest } = truncation;
    requireInteger('encode: truncation.maximumLength', maximumLength as number, 0);
    return { ...rest, maximumLength: maximumLength as number, isOfFile, ...(direction ? { direction } : {}) };
  };
  const paddingOf = (padding: Padding | null): Padding | null => {
    if (!padding) return null;
    assertKnownOptions('encode: padding', padding, known.padding);
    const direction = padding.direction ?? config.paddingSide;
    return { ...padding, ...(direction ? { direction } : {}) };
  };
  const encodeTexts = (texts: readonly TextOrPair[], encodeOptions: EncodeOptions = {}): Encoding[] => {
    assertKnownOptions('encode', encodeOptions, known.encode);
    const { specialTokens = true } = encodeOptions;
    const truncation = truncationOf(encodeOptions.truncation);
    const padding = paddingOf(encodeOptions.padding === undefined ? pipeline.padding : encodeOptions.padding);
    const encodings = texts.map((text) => {
      const pair = typeof text === 'string' ? ([text] as const) : text;
      if (
        !Array.isArray(pair) ||
        pair.length < 1 ||
        pair.length > 2 ||
        !pair.every((part) => typeof part === 'string')
      ) {
        throw new CrossmodalError(`encode: a text must be a string or a pair of strings, got ${shown(text)}`);
      }
      return pipeline.encode(pair as readonly [string, string?], { specialTokens, truncation });
    });
    return padding ? padAll(encodings, { id: paddingId, ...padding }) : encodings;
  };
  return {
    vocabularySize: pipeline.size,
    paddingId,
    modelMaximumLength: config.modelMaximumLength,
    encode(text, { maximumLength, ...others } = {}) {
      assertKnownOptions('encode', others, {}, { noun: 'option besides maximumLength' });
      const truncation = maximumLength === undefined ? {} : { truncation: { maximumLength } };
      return [...encodeTexts([text], { ...truncation, padding: null })[0]!.ids];
    },
    encodeText: (text, encodeOptions) => encodeTexts([text], encodeOptions)[0]!,
    encodeTexts,
    decode(ids, decodeOptions = {}) {
      assertKnownOptions('decode', decodeOptions, known.decode);
      const { skipSpecialTokens = true, tidySpaces = config.tidySpaces } = decodeOptions;
      const text = pipeline.decode(Array.from(ids), { skipSpecialTokens });
      return tidySpaces ? tidySpacing(text) : text;
    },
    tokenToId: pipeline.tokenToId,
    idToToken: pipeline.idToToken,
    vocabulary: () => new Map(pipeline.entries()),
    toJSON: () => contents,
  };
}

const usualPaddingTokens = ['[PAD]', '<pad>', '<|padding|>', '<|endoftext|>', '</s>'];

function paddingIdOf(pipeline: TokenizerPipeline, wanted: string | undefined): number {
  if (wanted !== undefined) {
    const id = pipeline.tokenToId(wanted);
    if (id === undefined) throw new CrossmodalError(`loadTokenizer: the vocabulary has no padding token ${wanted}`);
    return id;
  }
  const special = new Set(pipeline.addedTokens.filter((token) => token.special).map((token) => token.content));
  const token = usualPaddingTokens.find((content) => special.has(content));
  return token === undefined ? 0 : pipeline.tokenToId(token)!;
}
