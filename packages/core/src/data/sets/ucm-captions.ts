import { join } from 'node:path';
import { assertKnownOptions } from '../../known-options.js';
import { joinCaptions } from '../captions.js';
import { type DataFolderOptions, dataFolder } from '../data-folder.js';
import { fileError } from '../files/file-error.js';
import { manifest } from '../manifest.js';
import type { Row } from '../row.js';

/** The scenes of UC Merced Land Use, 100 pictures of each, in the order of the pictures. */
export const ucmClasses = [
  'agricultural',
  'airplane',
  'baseball diamond',
  'beach',
  'buildings',
  'chaparral',
  'dense residential',
  'forest',
  'freeway',
  'golf course',
  'harbor',
  'intersection',
  'medium residential',
  'mobile home park',
  'overpass',
  'parking lot',
  'river',
  'runway',
  'sparse residential',
  'storage tanks',
  'tennis court',
] as const;

export interface UcmRow extends Row {
  readonly image: string;
  readonly label: string;
  readonly split: string;
}

/**
 * UCM-Captions: 2,100 aerial photographs with five English captions each, one row per photograph, from
 * `ucm_captions/captions.tsv` and `ucm_captions/images/` of the data folder. Splits: train, val, test. Many captions
 * repeat, so count a retrieval as right by the text of the caption.
 *
 * @throws CrossmodalError when the folder is not named or does not exist, or a row does not fit.
 * @see Qu et al. (2016), Deep semantic understanding of high resolution remote sensing image
 * @example const test = (await ucmCaptions()).filter((row) => row.split === 'test');
 */
export async function ucmCaptions(options: DataFolderOptions = {}): Promise<UcmRow[]> {
  assertKnownOptions('ucmCaptions', options, ['data', 'environment']);
  const folder = dataFolder('ucm_captions', options);
  const path = join(folder, 'captions.tsv');
  const rows = await manifest(path, {
    columns: { text: 'caption', image: 'file' },
    root: join(folder, 'images'),
    require: ['text', 'image', 'split'],
  }).toArray();
  return joinCaptions(rows).map((row) => {
    const label = ucmClasses[Math.floor(Number(row.fields['imgid']) / 100)];
    if (label === undefined)
      throw fileError('ucmCaptions', row.origin, `imgid must be in [0, 2100), got ${row.fields['imgid']}`);
    return { ...row, image: row.image as string, split: row.split as string, label };
  });
}
