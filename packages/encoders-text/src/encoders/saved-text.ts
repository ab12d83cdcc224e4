import { CrossmodalError, type ModelFiles, memoryFile, readConfig, readJson, type SavedModel } from '@crossmodal/core';
import { characterTokenizer } from '../tokenizers/character.js';
import { type PretrainedTokenizer, pretrainedTokenizer } from '../tokenizers/pretrained/pretrained-tokenizer.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import type { VocabularyTokenizer, VocabularyTokenizerOptions } from '../tokenizers/vocabulary-tokenizer.js';
import { wordTokenizer } from '../tokenizers/word.js';

const json = (value: unknown, label: string) => memoryFile(`${JSON.stringify(value)}\n`, { label });

/** What makes a text encoder again: its options, and its tokeniser as tokenizer.json. */
export function savedText(
  type: string,
  { tokenizer, ...options }: { tokenizer: Tokenizer } & Readonly<Record<string, unknown>>,
): SavedModel {
  return {
    type,
    options,
    others: () => tokenizerJson(type, tokenizer),
  };
}

/** The files that `savedTokenizer` reads. */
export function tokenizerJson(where: string, tokenizer: Tokenizer): ModelFiles {
  const contents = tokenizer.toJSON?.();
  if (contents === undefined) {
    throw new CrossmodalError(`${where}: its tokeniser cannot be saved: it has no toJSON`, {
      remedy: 'give the tokeniser a toJSON, or save the variables alone with writeSafetensors',
    });
  }
  const files = new Map([['tokenizer.json', json(contents, 'tokenizer.json')]]);
  const padding = (tokenizer as Partial<PretrainedTokenizer>).idToToken?.(tokenizer.paddingId);
  if (padding !== undefined) {
    files.set('tokenizer_config.json', json({ pad_token: padding }, 'tokenizer_config.json'));
  }
  return files;
}

const own: Readonly<Record<string, (options: VocabularyTokenizerOptions) => VocabularyTokenizer>> = {
  wordTokenizer,
  characterTokenizer,
};

/**
 * The tokeniser that `savedText` wrote.
 *
 * @throws CrossmodalError when there is none, or it is not a tokeniser
 */
export async function savedTokenizer(
  files: ModelFiles,
  { where }: { where: string },
): Promise<VocabularyTokenizer | PretrainedTokenizer> {
  const contents = await readConfig(files, 'tokenizer.json', { where });
  const { label } = files.get('tokenizer.json')!;
  const kind = contents['tokenizer'];
  if (kind === undefined) {
    const settings = (await readJson(files, 'tokenizer_config.json')) as { pad_token?: string } | undefined;
    return pretrainedTokenizer(contents, { source: label, paddingToken: settings?.pad_token });
  }
  if (typeof kind !== 'string' || !Object.hasOwn(own, kind)) {
    throw new CrossmodalError(`${where}: ${label}: there is no tokeniser ${JSON.stringify(kind)}`);
  }
  const { tokenizer: _, ...options } = contents;
  return own[kind]!(options as VocabularyTokenizerOptions);
}
