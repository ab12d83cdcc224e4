import { CrossmodalError } from '@crossmodal/core';
import { type AddedToken, AddedTokens, readAddedToken } from './added-tokens.js';
import { readDecoder } from './decoders/read.js';
import { type Encoding, emptyEncoding, merge } from './encoding.js';
import { Fields } from './fields.js';
import type { Model } from './models/model.js';
import { readModel } from './models/read.js';
import { readNormalizer } from './normalizers/read.js';
import type { Padding } from './pad.js';
import { noProcessing, readPostProcessor } from './post-processors/read.js';
import { readPreTokenizer } from './pre-tokenizers/read.js';
import { readPadding, readTruncation } from './settings.js';
import { type Truncation, truncatePair } from './truncate.js';

/** What a tokenizer.json says: the steps from a text to tokens and back. */
export interface TokenizerPipeline {
  /** Numbers of tokens are below this. */
  readonly size: number;
  readonly truncation: Truncation | null;
  readonly padding: Padding | null;
  /** The added tokens, in the order in which they got their numbers. */
  readonly addedTokens: readonly AddedToken[];
  /** One text or two as tokens, cut, with special tokens in their places. */
  encode(
    texts: readonly [string, string?],
    options: { specialTokens: boolean; truncation: (Truncation & { maximumLength: number; isOfFile: boolean }) | null },
  ): Encoding;
  decode(ids: Iterable<number>, options: { skipSpecialTokens: boolean }): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  entries(): Iterable<readonly [string, number]>;
}

/**
 * Puts the steps together that a tokenizer.json names, as the Rust library defines them.
 *
 * @param contents the parsed file
 * @param options.source its name, used in messages
 * @param options.moreTokens added tokens that stand elsewhere
 * @throws CrossmodalError naming the component and the field that is wrong or unknown
 */
export function tokenizerPipeline(
  contents: unknown,
  { source, moreTokens = [] }: { source: string; moreTokens?: readonly AddedToken[] },
): TokenizerPipeline {
  const json = fileOf(contents, source);
  const part = <T>(name: string, read: (fields: Fields) => T): T | undefined =>
    json.has(name) ? read(Fields.of(json.raw(name), name, source)) : undefined;
  const model = part('model', readModel)!;
  const normalizer = part('normalizer', readNormalizer);
  const preTokenize = part('pre_tokenizer', readPreTokenizer);
  const processor = part('post_processor', readPostProcessor) ?? noProcessing;
  const decode = part('decoder', readDecoder);
  const inFile = ((json.raw('added_tokens') ?? []) as unknown[]).map((token, i) =>
    readAddedToken(Fields.of(token, `added_tokens[${i}]`, source)),
  );
  const contentsInFile = new Set(inFile.map(({ content }) => content));
  const addedTokens = [...inFile, ...moreTokens.filter(({ content }) => !contentsInFile.has(content))];
  const added = new AddedTokens(addedTokens, model, normalizer);

  const tokenize = (text: string, typeId: number): Encoding => {
    const ids: number[] = [];
    const tokens: string[] = [];
    for (const section of added.sections(wellFormed(text))) {
      if (!('piece' in section)) {
        ids.push(section.id);
        tokens.push(section.text);
        continue;
      }
      const words = preTokenize ? preTokenize([section.piece]) : [section.piece];
      for (const word of words) {
        const found = model.tokenize(word.text);
        for (const id of found.ids) ids.push(id);
        for (const token of found.texts) tokens.push(token);
      }
    }
    const all = (value: number) => new Array<number>(ids.length).fill(value);
    return { ...emptyEncoding, ids, tokens, typeIds: all(typeId), attentionMask: all(1), specialTokensMask: all(0) };
  };
  const idToToken = (id: number) => added.idToToken(id) ?? model.idToToken(id);
  return {
    size: sizeOf(model, added),
    truncation: part('truncation', readTruncation) ?? null,
    padding: part('padding', readPadding) ?? null,
    addedTokens,
    encode([a, b], { specialTokens, truncation }) {
      let first = tokenize(a, 0);
      let second = b === undefined ? undefined : tokenize(b, 1);
      if (truncation) {
        const special = specialTokens ? processor.added(b !== undefined) : 0;
        const room = truncation.maximumLength - special;
        if (room < 0 && !truncation.isOfFile) {
          throw new CrossmodalError(
            `encode: maximumLength must leave room for ${special} special tokens, got ${truncation.maximumLength}`,
          );
        }
        // A file that leaves no room cuts nothing: the Rust library's number wraps round.
        if (room >= 0) [first, second] = truncatePair(first, second, room, truncation);
      }
      return processor.process(second ? [first, second] : [first], specialTokens).reduce(merge, emptyEncoding);
    },
    decode(ids, { skipSpecialTokens }) {
      const tokens: string[] = [];
      for (const id of ids) {
        const token = idToToken(id);
        if (token !== undefined && !(skipSpecialTokens && added.isSpecial(token))) tokens.push(token);
      }
      return decode ? decode(tokens).join('') : tokens.join(' ');
    },
    tokenToId: (token) => added.tokenToId(token) ?? model.tokenToId(token),
    idToToken,
    *entries() {
      for (const [token, id] of model.entries()) if (added.tokenToId(token) === undefined) yield [token, id];
      yield* added.entries();
    },
  };
}

/** Half surrogates, which have no UTF-8, become U+FFFD. */
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, '\ufffd');

/** @throws CrossmodalError naming `source` unless the object has the shape of a tokenizer.json */
function fileOf(contents: unknown, source: string): Fields {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isObject(contents) || !isObject(contents['model']) || contents['model']['vocab'] === undefined) {
    throw new CrossmodalError(`loadTokenizer: ${source} is not a tokenizer.json: it has no model with a vocabulary`, {
      remedy: 'save the tokeniser with the tokenizers library (save_pretrained or Tokenizer.save)',
    });
  }
  const json = Fields.of(contents, 'it', source);
  if (json.has('version') && json.raw('version') !== '1.0') {
    throw json.error(` has the unknown version ${JSON.stringify(json.raw('version'))}`);
  }
  if (json.has('added_tokens')) json.list('added_tokens');
  return json;
}

/** One more than the greatest number; as many as there are tokens where numbers have no gaps. */
function sizeOf(model: Model, added: AddedTokens): number {
  let size = model.size;
  for (const [, id] of model.entries()) size = Math.max(size, id + 1);
  for (const [, id] of added.entries()) size = Math.max(size, id + 1);
  return size;
}
