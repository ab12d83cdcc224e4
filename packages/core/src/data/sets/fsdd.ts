import { basename } from 'node:path';
import { assertKnownOptions } from '../../known-options.js';
import { type DataFolderOptions, dataFolder } from '../data-folder.js';
import { fileError } from '../files/file-error.js';
import type { Row } from '../row.js';
import { listFiles } from './list-files.js';

export interface FsddRow extends Row {
  readonly audio: string;
  /** The digit. */
  readonly label: string;
  readonly split: 'train' | 'test';
  readonly fields: { readonly speaker: string; readonly index: number };
}

/**
 * Free Spoken Digit Dataset: wav files called `{digit}_{speaker}_{index}.wav` (8 kHz, mono), in `fsdd/recordings/` of the
 * data folder. Index 0 to 4 of each digit and speaker is the official test part.
 *
 * @throws CrossmodalError when the folder is not named or does not exist, or a file is called otherwise.
 * @see github.com/Jakobovski/free-spoken-digit-dataset (CC BY-SA 4.0)
 * @example const train = (await fsdd()).filter((row) => row.split === 'train');
 */
export async function fsdd(options: DataFolderOptions = {}): Promise<FsddRow[]> {
  assertKnownOptions('fsdd', options, ['data', 'environment']);
  const folder = dataFolder('fsdd/recordings', options);
  return (await listFiles('fsdd', folder, '.wav')).map((path) => {
    const named = /^(\d)_([a-z]+)_(\d{1,4})\.wav$/i.exec(basename(path));
    if (!named)
      throw fileError('fsdd', path, 'is not called {digit}_{speaker}_{index}.wav', 'move it out of the folder');
    const [, label = '', speaker = '', index = ''] = named;
    const number = Number(index);
    return {
      origin: path,
      audio: path,
      texts: [],
      label,
      split: number < 5 ? 'test' : 'train',
      fields: { speaker, index: number },
    };
  });
}
