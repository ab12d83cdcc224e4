import type { ModelFiles } from '@crossmodal/core';
import { savedTokenizer } from '../encoders/saved-text.js';
import type { PretrainedTokenizer } from './pretrained/pretrained-tokenizer.js';
import type { VocabularyTokenizer } from './vocabulary-tokenizer.js';

/**
 * The tokeniser among the files of a model that was saved with it: of `wordTokenizer` or `characterTokenizer`, or a tokenizer.json of
 * another library.
 *
 * @param files those of the folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError when there is no tokenizer.json, or it is not a tokeniser
 * @example
 * const files = await openFolder('models/captions');
 * const encoder = await loadImageEncoder(await encoderFiles(files));
 * const model = await loadEncoderDecoder(files, { encoder, tokenizer: await openTokenizer(files) });
 */
export function openTokenizer(files: ModelFiles): Promise<VocabularyTokenizer | PretrainedTokenizer> {
  return savedTokenizer(files, { where: 'openTokenizer' });
}
