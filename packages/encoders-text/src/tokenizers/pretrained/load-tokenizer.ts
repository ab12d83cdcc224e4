import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { type PretrainedTokenizer, pretrainedTokenizer } from './pretrained-tokenizer.js';
import { readJson } from './read-json.js';
import { type Settings, tokenizerJsonFromVocabulary } from './vocabulary-files.js';

/**
 * Loads a tokeniser: a tokenizer.json, or the folder of a model, which holds one, or the older `vocab.json` and
 * `merges.txt` (GPT-2, RoBERTa, CLIP) or `vocab.txt` (BERT).
 *
 * @param path of the file or folder
 * @throws CrossmodalError naming the file when it is missing, empty, not JSON or not a tokeniser
 * @see https://huggingface.co/docs/tokenizers
 * @example
 * const tokenizer = await loadTokenizer('models/clip-vit-base-patch32');
 * const encoder = transformerEncoder({ tokenizer, dimension: 128, seed: 1 });
 */
export async function loadTokenizer(path: string): Promise<PretrainedTokenizer> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind) {
    throw new CrossmodalError(`loadTokenizer: ${path} does not exist`, {
      remedy: 'give the path of a tokenizer.json, or of the folder of a model',
    });
  }
  if (!kind.isDirectory()) return pretrainedTokenizer(await readJson(path), { source: path });
  const config = await readOptional(join(path, 'tokenizer_config.json'));
  const file = join(path, 'tokenizer.json');
  const json = await readOptional(file);
  if (json !== undefined) return pretrainedTokenizer(json, { source: file, config });
  const made = await tokenizerJsonFromVocabulary(path, (config ?? {}) as Settings);
  return pretrainedTokenizer(made, { source: path, config });
}

async function readOptional(path: string): Promise<unknown> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? readJson(path) : undefined;
}
