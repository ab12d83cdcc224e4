import { join } from 'node:path';
import { assertKnownOptions } from '../../known-options.js';
import { type DataFolderOptions, dataFolder } from '../data-folder.js';
import { fileError } from '../files/file-error.js';
import { readNpy } from '../files/npy.js';
import { readWholeText } from '../files/read-text.js';
import type { HostArray } from '../host-array.js';

export interface PairedFeatures {
  /** [count, 128] bags of SIFT words. */
  image: HostArray;
  /** [count, 10] topics of latent Dirichlet allocation. */
  text: HostArray;
  /** [count] class numbers, from 0. */
  labels: Int32Array;
  count: number;
}

export interface Wikipedia {
  train: PairedFeatures;
  test: PairedFeatures;
  classes: string[];
}

/**
 * The Wikipedia cross-modal set: 2,173 training and 693 test pairs of features of a picture and of a text in ten classes,
 * from `wikipedia/` of the data folder (`I_tr.npy`, `T_tr.npy`, `I_te.npy`, `T_te.npy`, the `.list` files).
 *
 * @throws CrossmodalError when the folder is not named or does not exist, or files do not fit together.
 * @see Rasiwasia et al. (2010), A new approach to cross-modal multimedia retrieval
 * @example const { train, test } = await wikipedia();
 */
export async function wikipedia(options: DataFolderOptions = {}): Promise<Wikipedia> {
  assertKnownOptions('wikipedia', options, ['data', 'environment']);
  const folder = dataFolder('wikipedia', options);
  const lines = async (name: string) =>
    (await readWholeText('wikipedia', join(folder, name)))
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const classes = await lines('categories.list');
  const part = async (suffix: string, list: string): Promise<PairedFeatures> => {
    const image = await readNpy(join(folder, `I_${suffix}.npy`));
    const text = await readNpy(join(folder, `T_${suffix}.npy`));
    const labels = Int32Array.from(await lines(list), (line) => Number(line.split('\t').at(-1)) - 1);
    const count = labels.length;
    if (image.shape[0] !== count || text.shape[0] !== count) {
      throw fileError(
        'wikipedia',
        folder,
        `I_${suffix} and T_${suffix} must have ${count} rows like ${list}, got [${image.shape}] and [${text.shape}]`,
      );
    }
    const foreign = labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes.length);
    if (foreign >= 0)
      throw fileError(
        'wikipedia',
        join(folder, list),
        `line ${foreign + 1}: the class must be in 1 ... ${classes.length}`,
      );
    return { image, text, labels, count };
  };
  return {
    train: await part('tr', 'trainset_txt_img_cat.list'),
    test: await part('te', 'testset_txt_img_cat.list'),
    classes,
  };
}
