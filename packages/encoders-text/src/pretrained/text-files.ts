import { CrossmodalError, type ModelFiles, readJson } from '@crossmodal/core';
import { savedTokenizer } from '../encoders/saved-text.js';
import { loadTokenizer } from '../tokenizers/pretrained/load-tokenizer.js';
import { pretrainedTokenizer } from '../tokenizers/pretrained/pretrained-tokenizer.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';

/** Files of a tokeniser and of what was said about the model, which are saved along as they are. */
export const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'sentencepiece.bpe.model',
  'spiece.model',
  'generation_config.json',
  'LICENSE',
  'LICENSE.txt',
  'README.md',
];

/** What a tokenizer_config.json says that concerns texts of a model. */
export interface TokenizerSettings {
  /** Infinity where the file names a number beyond reason, as files do that mean none. */
  maximumLength: number;
  paddingToken: string | undefined;
}

export async function tokenizerSettings(files: ModelFiles): Promise<TokenizerSettings> {
  const settings = (await readJson(files, 'tokenizer_config.json')) as
    | { model_max_length?: unknown; pad_token?: string | { content?: string } | null }
    | undefined;
  const limit = settings?.model_max_length;
  const token = settings?.pad_token;
  return {
    maximumLength: typeof limit === 'number' && limit >= 1 && limit < 1e9 ? limit : Number.POSITIVE_INFINITY,
    paddingToken: typeof token === 'string' ? token : token?.content,
  };
}

/**
 * The tokeniser among a model's files, or undefined when there is none.
 *
 * @param path of the folder, where there is one: older files than tokenizer.json are read from it
 */
export async function tokenizerOf(
  files: ModelFiles,
  { paddingToken, path }: { paddingToken: string | undefined; path: string | undefined },
  { where }: { where: string },
): Promise<Tokenizer | undefined> {
  const contents = await readJson(files, 'tokenizer.json');
  if (contents !== undefined) {
    // One of our own took the place of the folder's.
    if ((contents as { tokenizer?: unknown } | null)?.tokenizer !== undefined) return savedTokenizer(files, { where });
    return pretrainedTokenizer(contents, { source: files.get('tokenizer.json')!.label, paddingToken });
  }
  const older = files.has('vocab.txt') || (files.has('vocab.json') && files.has('merges.txt'));
  if (!older) return undefined;
  if (path === undefined) {
    throw new CrossmodalError('loadTextEncoder: among files that are not in a folder there must be a tokenizer.json', {
      remedy: 'give the path of the folder, or options.tokenizer',
    });
  }
  return loadTokenizer(path);
}
