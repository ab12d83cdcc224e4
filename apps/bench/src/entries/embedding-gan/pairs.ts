import { Random } from '@crossmodal/core';
import type { HostArray } from '@crossmodal/core/data';
import { mnist, type PairedFeatures, wikipedia } from '@crossmodal/core/data/sets';
import * as tf from '@tensorflow/tfjs-core';
import { spokenDigits } from '../../data/spoken-digits.js';
import { digitPlaces } from '../digits/digit-pictures.js';
import { greyPicture } from '../digits/picture-rows.js';
import { spokenPicture } from '../digits/spoken-pictures.js';
import type { EntryContext } from '../entry.js';
import { pixelFeatures, standardise } from '../hard-vs-soft/features.js';

/** Features of two modalities, row by row of one thing. */
export interface Pairs {
  a: tf.Tensor2D;
  b: tf.Tensor2D;
  labels: number[];
}

/** A set to map one modality of to the other. */
export interface PairedSet {
  name: string;
  from: string;
  to: string;
  classes: string[];
  train: Pairs;
  test: Pairs;
  /** Canonical pairs of the closed form, and what is published for it. */
  canonical: { dimension: number; published?: { there: number; back: number } };
}

/** Wikipedia: bags of SIFT words of a picture, topics of its article. */
export async function articlePairs({ dataFolder, seed, shuffle }: EntryContext, limit: number): Promise<PairedSet> {
  const { train, test, classes } = await wikipedia({ data: dataFolder });
  const part = ({ image, text, labels }: PairedFeatures) => ({
    a: matrix(image, limit),
    b: matrix(text, limit),
    labels: [...labels].slice(0, limit),
  });
  return {
    name: 'Wikipedia',
    ...{ from: 'picture', to: 'text', classes },
    ...scaled(part(train), part(test), shuffle ? seed : undefined),
    canonical: { dimension: 7, published: { there: 0.249, back: 0.196 } }, // Rasiwasia et al. (2010)
  };
}

/** Written digits of MNIST and spoken ones of FSDD, paired by the digit; pixels of either at so many a side. */
export async function digitPairs(
  { dataFolder, seed, shuffle }: EntryContext,
  { limit, side }: { limit: number; side: number },
): Promise<PairedSet> {
  const written = await mnist({ data: dataFolder });
  const recordings = await spokenDigits({ dataFolder, limit });
  const part = (split: 'train' | 'test'): Pairs => {
    const said = recordings.filter((recording) => recording.split === split);
    const labels = said.map(({ digit }) => digit);
    const random = new Random('digit pairs').fork(split);
    const placeOf = digitPlaces(written[split]);
    const places = labels.map((digit) => placeOf(digit, random));
    return {
      a: pixelFeatures(
        places.map((place) => greyPicture(written[split], place)),
        side,
      ),
      b: pixelFeatures(said.map(spokenPicture), side),
      labels,
    };
  };
  return {
    name: 'digits',
    ...{ from: 'drawing', to: 'recording', classes: [...Array(10).keys()].map(String) },
    ...scaled(part('train'), part('test'), shuffle ? seed : undefined),
    canonical: { dimension: 9 },
  };
}

/** Both sides less their mean and by one scale each. Control: in training the second side has the order of a shuffle. */
function scaled(train: Pairs, test: Pairs, control: number | undefined): { train: Pairs; test: Pairs } {
  const a = standardise(train.a, test.a);
  const b = standardise(train.b, test.b);
  if (control !== undefined) {
    const order = new Random(control).fork('control').shuffle([...train.labels.keys()]);
    const ordered = tf.gather(b.train, order) as tf.Tensor2D;
    b.train.dispose();
    b.train = ordered;
  }
  return {
    train: { a: a.train, b: b.train, labels: train.labels },
    test: { a: a.test, b: b.test, labels: test.labels },
  };
}

function matrix({ data, shape }: HostArray, limit: number): tf.Tensor2D {
  const [rows, columns] = shape as [number, number];
  const count = Math.min(rows, limit);
  return tf.tensor2d(Float32Array.from(data.subarray(0, count * columns)), [count, columns]);
}
