import { type AddedToken, readAddedToken } from '../../tokenizer-json/added-tokens.js';
import { Fields } from '../../tokenizer-json/fields.js';

/** What of a tokenizer_config.json changes results. */
export interface TokenizerConfig {
  /** The tokenizer.json with the options that the configuration overrides. */
  contents: unknown;
  addedTokens: AddedToken[];
  paddingToken: string | undefined;
  modelMaximumLength: number | undefined;
  paddingSide: 'left' | 'right' | undefined;
  truncationSide: 'left' | 'right' | undefined;
  tidySpaces: boolean;
}

const specialTokens = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;

/** transformers writes 10^30 for models that take any length. */
const endless = 1e15;

/**
 * Reads a tokenizer_config.json as transformers' fast tokenisers do; fields that are not there change nothing.
 *
 * @param config the parsed file, or undefined
 * @param contents the parsed tokenizer.json
 * @throws CrossmodalError naming a field that is not what it must be
 */
export function readTokenizerConfig(config: unknown, contents: unknown): TokenizerConfig {
  const fields = Fields.of(config ?? {}, 'the configuration', 'tokenizer_config.json');
  const side = (name: string) => (fields.has(name) ? fields.oneOf(name, ['left', 'right'] as const) : undefined);
  const longest = fields.raw('model_max_length');
  return {
    contents: overridden(contents, fields),
    addedTokens: addedTokensOf(fields),
    paddingToken: contentOf(fields, 'pad_token')?.content,
    modelMaximumLength:
      typeof longest === 'number' && longest < endless ? fields.integer('model_max_length') : undefined,
    paddingSide: side('padding_side'),
    truncationSide: side('truncation_side'),
    tidySpaces: fields.has('clean_up_tokenization_spaces') && fields.boolean('clean_up_tokenization_spaces'),
  };
}

/** Those of `added_tokens_decoder` by their numbers, then special tokens that stand elsewhere. */
function addedTokensOf(fields: Fields): AddedToken[] {
  const tokens: AddedToken[] = [];
  const put = (token: AddedToken | undefined) => {
    if (token && !tokens.some(({ content }) => content === token.content)) tokens.push(token);
  };
  if (fields.has('added_tokens_decoder')) {
    const decoder = fields.child('added_tokens_decoder');
    const ids = Object.keys(fields.raw('added_tokens_decoder') as object).sort((a, b) => Number(a) - Number(b));
    for (const id of ids) put(readAddedToken(decoder.child(id)));
  }
  for (const name of specialTokens) put(contentOf(fields, name));
  if (fields.has('additional_special_tokens')) {
    for (const token of fields.list('additional_special_tokens')) {
      if (typeof token === 'string') put(specialToken(token));
      else put({ ...readAddedToken(Fields.of(token, 'additional_special_tokens', fields.source)), special: true });
    }
  }
  return tokens;
}

const specialToken = (content: string): AddedToken => ({
  content,
  singleWord: false,
  leftStrip: false,
  rightStrip: false,
  normalized: false,
  special: true,
});

/** A special token, written as a string or as an object. */
function contentOf(fields: Fields, name: string): AddedToken | undefined {
  if (!fields.has(name)) return undefined;
  if (typeof fields.raw(name) === 'string') return specialToken(fields.string(name));
  return { ...readAddedToken(fields.child(name)), special: true };
}

/** The options of BERT's normaliser and of GPT-2's pre-tokeniser that the configuration names count more than the file's. */
function overridden(contents: unknown, fields: Fields): unknown {
  const json = contents as { normalizer?: Component; pre_tokenizer?: Component } | null;
  let result = contents;
  if (json?.normalizer?.type === 'BertNormalizer') {
    result = {
      ...json,
      normalizer: changed(json.normalizer, fields, {
        do_lower_case: 'lowercase',
        strip_accents: 'strip_accents',
        tokenize_chinese_chars: 'handle_chinese_chars',
      }),
    };
  }
  if (json?.pre_tokenizer?.type === 'ByteLevel') {
    result = { ...json, pre_tokenizer: changed(json.pre_tokenizer, fields, { add_prefix_space: 'add_prefix_space' }) };
  }
  return result;
}

type Component = { type?: unknown };

function changed(component: Component, fields: Fields, names: Readonly<Record<string, string>>): Component {
  const result: Record<string, unknown> = { ...component };
  for (const [name, own] of Object.entries(names)) if (fields.has(name)) result[own] = fields.boolean(name);
  return result;
}
