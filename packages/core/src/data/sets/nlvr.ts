import { basename } from 'node:path';
import { assertKnownOptions } from '../../known-options.js';
import { type DataFolderOptions, dataFolder } from '../data-folder.js';
import { fileError } from '../files/file-error.js';
import type { Pipeline } from '../pipeline.js';
import type { Row } from '../row.js';
import { sampleRow } from '../sample-row.js';
import { tarShards } from '../tar-shards.js';
import { listFiles } from './list-files.js';

export interface NlvrOptions extends DataFolderOptions {
  /**
   * Shards called `{part}-*.tar`.
   * @default 'train'
   */
  part?: string;
}

/**
 * Cornell NLVR: pictures (png bytes) with a sentence that is true or false of them, from `nlvr/{part}-*.tar` of the data
 * folder. Rows of one `group` show the same sentence: they must not be divided between training and validation.
 *
 * @throws CrossmodalError when the folder is not named or does not exist, or has no such shards.
 * @see Suhr et al. (2017), A corpus of natural language for visual reasoning
 * @example const rows = await (await nlvr({ part: 'train' })).toArray();
 */
export async function nlvr({ part = 'train', ...options }: NlvrOptions = {}): Promise<Pipeline<Row>> {
  assertKnownOptions('nlvr', options, ['part', 'data', 'environment']);
  const folder = dataFolder('nlvr', options);
  const shards = (await listFiles('nlvr', folder, '.tar')).filter((path) => basename(path).startsWith(`${part}-`));
  if (shards.length === 0) throw fileError('nlvr', folder, `holds no shards called ${part}-*.tar`, 'check the part');
  return tarShards(shards).map(sampleRow({ columns: { text: 'sentence' } }));
}
