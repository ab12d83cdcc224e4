import { assertKnownOptions } from '../../known-options.js';
import { type DataFolderOptions, dataFolder } from '../data-folder.js';
import { listFiles } from './list-files.js';

/**
 * Paths of the 200 training photographs of BSDS500, in `bsds500/train/` of the data folder: the backgrounds of MNIST-M.
 *
 * @throws CrossmodalError when the folder is not named, does not exist, or holds no jpg.
 * @see Arbelaez et al. (2011), Contour detection and hierarchical image segmentation
 * @example const photographs = await Promise.all((await bsds500()).map(decode));
 */
export async function bsds500(options: DataFolderOptions = {}): Promise<string[]> {
  assertKnownOptions('bsds500', options, ['data', 'environment']);
  return listFiles('bsds500', dataFolder('bsds500/train', options), '.jpg');
}
