import { CrossmodalError } from '@crossmodal/core';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import type { Tokenizer } from '../tokenizer.js';
import { addedTokenFinder } from './added-tokens.js';
import { type Encoding, emptyEncoding } from './encoding.js';
import { type Padding, padAll } from './pad.js';
import { postProcessing } from './post-process.js';
import {
  type AddedToken,
  agreedDecoder,
  agreedPreTokenizer,
  checkTokenizerJson,
  type TokenizerJson,
} from './tokenizer-json.js';
import { type Truncation, truncatePair } from './truncate.js';

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

/** A tokeniser read from a tokenizer.json. */
export interface PretrainedTokenizer extends Tokenizer {
  /** All that the Rust library gives for a text or pair, except offsets. */
  encodeText(text: TextOrPair, options?: EncodeOptions): Encoding;
  /** Several at once; `padding: { length: 'longest' }` means the longest of them. */
  encodeTexts(texts: readonly TextOrPair[], options?: EncodeOptions): Encoding[];
  /** `tidySpaces` takes the spaces before punctuation and contractions away, as transformers does for some models. */
  decode(ids: ArrayLike<number>, options?: { skipSpecialTokens?: boolean; tidySpaces?: boolean }): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
}

/**
 * A tokeniser from the parsed contents of a tokenizer.json (BPE, byte-level BPE, WordPiece, Unigram, WordLevel).
 * Normalisers, pre-tokenisers, models and decoders are those of @huggingface/tokenizers; added tokens, templates,
 * truncation and padding follow the Rust library.
 *
 * @param contents the parsed file
 * @param options.paddingToken what fills up batches, where the file does not say
 * @param options.source name used in messages
 * @throws CrossmodalError when the contents are not those of a tokenizer.json, or name an unknown component
 * @example
 * const tokenizer = pretrainedTokenizer(JSON.parse(text));
 * tokenizer.encode('a photo of a cat');
 */
export function pretrainedTokenizer(
  contents: unknown,
  { paddingToken, source = 'the given object' }: { paddingToken?: string | undefined; source?: string } = {},
): PretrainedTokenizer {
  const json = checkTokenizerJson(contents, source);
  const library = libraryTokenizer(json, source);
  const { model } = library;
  const idOf = (token: string) => model!.tokens_to_ids.get(token);
  const tokenOf = (id: number): string | undefined => model!.vocab[id];
  const unknown = json.model.unk_token == null ? model!.unk_token_id : idOf(json.model.unk_token);
  const encodeOne = textEncoder(json, library, (token) => idOf(token) ?? unknown);
  const process = postProcessing(json.post_processor);

  const withoutPadding = (
    text: TextOrPair,
    { specialTokens = true, truncation = truncationOf(json) }: EncodeOptions,
  ) => {
    const [a, b] = typeof text === 'string' ? [text] : text;
    let texts: readonly [Encoding, Encoding?] = b === undefined ? [encodeOne(a)] : [encodeOne(a), encodeOne(b)];
    if (truncation) {
      const room = truncation.maximumLength - (specialTokens ? process.added(b !== undefined) : 0);
      if (room < 0) {
        throw new CrossmodalError(
          `encode: maximumLength must leave room for ${process.added(b !== undefined)} special tokens, got ${truncation.maximumLength}`,
        );
      }
      texts = truncatePair(texts[0], texts[1], room, truncation);
    }
    return process.run(texts, specialTokens);
  };
  const encodeTexts = (texts: readonly TextOrPair[], options: EncodeOptions = {}) => {
    const { padding = paddingOf(json) } = options;
    const encodings = texts.map((text) => withoutPadding(text, options));
    return padding ? padAll(encodings, padding) : encodings;
  };
  return {
    vocabularySize: model!.vocab.length,
    paddingId: json.padding?.pad_id ?? paddingIdOf(json, idOf, paddingToken),
    encode(text, { maximumLength } = {}) {
      const truncation = maximumLength === undefined ? {} : { truncation: { maximumLength } };
      return [...encodeTexts([text], { ...truncation, padding: null })[0]!.ids];
    },
    encodeText: (text, options) => encodeTexts([text], options)[0]!,
    encodeTexts,
    decode(ids, { skipSpecialTokens = true, tidySpaces = false } = {}) {
      if (ids.length === 0) return '';
      return library.decode(Array.from(ids), {
        skip_special_tokens: skipSpecialTokens,
        clean_up_tokenization_spaces: tidySpaces,
      });
    },
    tokenToId: idOf,
    idToToken: tokenOf,
    toJSON: () => contents,
  };
}

function libraryTokenizer(json: TokenizerJson, source: string): Library {
  try {
    const tokenizer = new Library(
      { ...json, pre_tokenizer: agreedPreTokenizer(json.pre_tokenizer), decoder: agreedDecoder(json.decoder) },
      {},
    );
    strictByteFallback(tokenizer.decoder);
    for (const token of json.added_tokens) {
      const content = normalizedContent(token, tokenizer.normalizer);
      if (content !== undefined) tokenizer.model!.vocab[token.id] = content;
    }
    return tokenizer;
  } catch (cause) {
    throw new CrossmodalError(`loadTokenizer: ${source} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

/** Text to tokens without special ones: added tokens, normalisation, added tokens again, pre-tokens, model. */
function textEncoder(
  json: TokenizerJson,
  { normalizer, pre_tokenizer: preTokenizer, model }: Library,
  idOf: (token: string) => number | undefined,
): (text: string) => Encoding {
  const [asGiven, afterwards] = [new Map<string, AddedToken>(), new Map<string, AddedToken>()];
  for (const token of json.added_tokens) {
    const content = normalizedContent(token, normalizer);
    if (content === undefined) asGiven.set(token.content, token);
    else afterwards.set(content, token);
  }
  const [findGiven, findNormalized] = [addedTokenFinder(asGiven), addedTokenFinder(afterwards)];
  // The library knows nothing of unknown words: the other models put the unknown token themselves.
  const unknownToken = json.model.type === 'WordLevel' ? (json.model.unk_token ?? undefined) : undefined;
  return (text) => {
    const ids: number[] = [];
    const tokens: string[] = [];
    const put = (token: string, id: number | undefined) => {
      if (id === undefined) return;
      ids.push(id);
      tokens.push(token);
    };
    for (const outer of findGiven(text)) {
      if ('token' in outer) {
        put(outer.found, outer.token.id);
        continue;
      }
      for (const piece of findNormalized(normalizer ? normalizer.normalize(outer.text) : outer.text)) {
        if ('token' in piece) {
          put(piece.found, piece.token.id);
          continue;
        }
        // "first" prefixes go to the beginning of the whole text only.
        const section = { section_index: outer.first && piece.first ? 0 : 1 };
        const words = preTokenizer ? preTokenizer.pre_tokenize(piece.text, section) : [piece.text];
        // Word by word: unknown tokens are fused within a word, not across.
        for (const token of words.flatMap((word: string) => model!._call([word]))) {
          const known = unknownToken === undefined || model!.tokens_to_ids.has(token);
          put(known ? token : unknownToken, idOf(token));
        }
      }
    }
    const all = (value: number) => ids.map(() => value);
    return { ...emptyEncoding, ids, tokens, typeIds: all(0), attentionMask: all(1), specialTokensMask: all(0) };
  };
}

/** How an added token reads in normalised text, or undefined when it is searched in the text as given. */
function normalizedContent(token: AddedToken, normalizer: Library['normalizer']): string | undefined {
  return (token.normalized ?? !token.special) && normalizer ? normalizer.normalize(token.content) : undefined;
}

/** As the Rust library does: bytes that are no UTF-8 give one replacement mark each, and U+FEFF is kept. */
function strictByteFallback(decoder: unknown): void {
  const part = decoder as { config?: { type?: string }; text_decoder?: unknown; decoders?: unknown[] } | null;
  if (part?.config?.type === 'ByteFallback') {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    part.text_decoder = {
      decode(bytes: Uint8Array): string {
        try {
          return strict.decode(bytes);
        } catch {
          return '\ufffd'.repeat(bytes.length);
        }
      },
    };
  }
  for (const inner of part?.decoders ?? []) strictByteFallback(inner);
}

function truncationOf({ truncation }: TokenizerJson): Truncation | null {
  if (!truncation) return null;
  const strategies: Record<string, Truncation['strategy']> = { OnlyFirst: 'onlyFirst', OnlySecond: 'onlySecond' };
  return {
    maximumLength: truncation.max_length,
    stride: truncation.stride ?? 0,
    strategy: strategies[truncation.strategy ?? ''] ?? 'longestFirst',
    direction: truncation.direction === 'Left' ? 'left' : 'right',
  };
}

function paddingOf({ padding }: TokenizerJson): Padding | null {
  if (!padding) return null;
  return {
    length: typeof padding.strategy === 'object' ? padding.strategy.Fixed : 'longest',
    multipleOf: padding.pad_to_multiple_of ?? 1,
    direction: padding.direction === 'Left' ? 'left' : 'right',
    id: padding.pad_id,
    typeId: padding.pad_type_id ?? 0,
    token: padding.pad_token,
  };
}

const usualPaddingTokens = ['[PAD]', '<pad>', '<|padding|>', '<|endoftext|>', '</s>'];

function paddingIdOf(
  json: TokenizerJson,
  idOf: (token: string) => number | undefined,
  wanted: string | undefined,
): number {
  if (wanted !== undefined) {
    const id = idOf(wanted);
    if (id === undefined) throw new CrossmodalError(`loadTokenizer: the vocabulary has no padding token ${wanted}`);
    return id;
  }
  const special = new Set(json.added_tokens.filter((token) => token.special).map((token) => token.content));
  const found = usualPaddingTokens.find((token) => special.has(token));
  return found === undefined ? 0 : idOf(found)!;
}
