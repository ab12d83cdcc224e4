import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CrossmodalError } from '../../errors.js';
import { assertKnownOptions } from '../../known-options.js';
import { type DataFolderOptions, dataFolder } from '../data-folder.js';
import { download } from '../download.js';
import { fileError } from '../files/file-error.js';
import { readIdx } from '../files/idx.js';
import { dataSources } from './sources.js';

/** Pictures of one size with their classes. */
export interface LabelledImages {
  /** [count, height, width, channels] bytes. */
  images: Uint8Array;
  /** [count] class numbers. */
  labels: Uint8Array;
  count: number;
  height: number;
  width: number;
  channels: number;
}

export interface Mnist {
  train: LabelledImages;
  test: LabelledImages;
}

export interface MnistOptions extends DataFolderOptions {
  /** Fetch the files (11 MB) into this folder when they are not there yet, instead of reading the data folder. */
  downloadTo?: string;
  /**
   * Where they are fetched from.
   * @default dataSources['mnist']!.url
   */
  url?: string;
}

/**
 * MNIST: 60,000 training and 10,000 test pictures of digits, 28 x 28 grey bytes, from the four idx.gz files in `mnist/` of
 * the data folder, or downloaded with a check of their SHA-256.
 *
 * @throws CrossmodalError when no folder is named or a file is missing (the message says what to do), damaged, or does not fit.
 * @see LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition
 * @example const { train } = await mnist({ downloadTo: '.cache/mnist' });
 */
export async function mnist({
  downloadTo,
  url = dataSources['mnist']!.url,
  ...options
}: MnistOptions = {}): Promise<Mnist> {
  assertKnownOptions('mnist', options, ['downloadTo', 'url', 'data', 'environment']);
  if (downloadTo !== undefined) {
    for (const [name, sha256] of Object.entries(dataSources['mnist']!.sha256!)) {
      await download(new URL(name, url).href, { to: join(downloadTo, name), sha256, maximum: 2 ** 26 });
    }
  }
  const folder = downloadTo ?? mnistFolder(options);
  return { train: await readPart(folder, 'train'), test: await readPart(folder, 't10k') };
}

function mnistFolder(options: DataFolderOptions): string {
  try {
    return dataFolder('mnist', options);
  } catch (error) {
    const { message } = error as Error;
    throw new CrossmodalError(message, { remedy: 'or let it be fetched: mnist({ downloadTo: DIR })', cause: error });
  }
}

async function readPart(folder: string, part: 'train' | 't10k'): Promise<LabelledImages> {
  const find = (stem: string) => {
    const names = [`${stem}.gz`, stem, `${stem.replace(/-(idx\d)/, '.$1')}`];
    return join(folder, names.find((name) => existsSync(join(folder, name))) ?? (names[0] as string));
  };
  const imagePath = find(`${part}-images-idx3-ubyte`);
  const labelPath = find(`${part}-labels-idx1-ubyte`);
  const images = await readIdx(imagePath, { maximum: 2 ** 28 });
  const labels = await readIdx(labelPath, { maximum: 2 ** 28 });
  const [count = 0, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || !(images.data instanceof Uint8Array)) {
    throw fileError('mnist', imagePath, `must hold bytes of shape [count, height, width], got [${images.shape}]`);
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== count || !(labels.data instanceof Uint8Array)) {
    throw fileError('mnist', labelPath, `must hold ${count} labels, one per image, got shape [${labels.shape}]`);
  }
  return { images: images.data, labels: labels.data, count, height, width, channels: 1 };
}
