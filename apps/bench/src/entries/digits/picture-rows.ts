import { Random } from '@crossmodal/core';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import type { Image } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import { imagesOf, pngOf } from '../shared/images.js';
import type { DigitJudge } from './digit-judge.js';

/** A digit as [28, 28, 1], from 0 to 1. */
export function greyPicture({ images }: LabelledImages, index: number): Image {
  const grey = images.subarray(index * 784, (index + 1) * 784);
  return { data: Float32Array.from(grey, (value) => value / 255), shape: [28, 28, 1] };
}

/** A digit as [28, 28, 1], each pixel on or off by its grey; always the same for one index. */
export function binaryPicture(digits: LabelledImages, index: number): Image {
  const random = new Random('binary picture').fork(index);
  const { data, shape } = greyPicture(digits, index);
  return { data: Float32Array.from(data, (grey) => Number(random.uniform() < grey)), shape };
}

/** A digit as [28, 28, 1], each pixel the mean of those around it, five a side: as models draw that hold many hands for possible. */
export function blurredPicture(digits: LabelledImages, index: number): Image {
  const { data, shape } = greyPicture(digits, index);
  const blurred = Float32Array.from(data, (_, place) => {
    const [row, column] = [Math.floor(place / 28), place % 28];
    let sum = 0;
    for (let y = Math.max(0, row - 2); y <= Math.min(27, row + 2); y++) {
      for (let x = Math.max(0, column - 2); x <= Math.min(27, column + 2); x++) sum += data[y * 28 + x]!;
    }
    return sum / 25;
  });
  return { data: blurred, shape };
}

/** Pictures [28, 28, 1] as rows [count, 784]. */
export function rowsOf(pictures: readonly Image[]): tf.Tensor2D {
  const rows = new Float32Array(pictures.length * 784);
  pictures.forEach(({ data }, index) => {
    rows.set(data, index * 784);
  });
  return tf.tensor2d(rows, [pictures.length, 784]);
}

/** Rows [count, 784] as pictures [28, 28, 1]. */
async function picturesOf(rows: tf.Tensor2D): Promise<Image[]> {
  const pictures = tf.reshape(rows, [-1, 28, 28, 1]) as tf.Tensor4D;
  const images = await imagesOf(pictures);
  pictures.dispose();
  return images;
}

/** Rows [count, 784] as PNG files. */
export async function pngsOf(rows: tf.Tensor2D): Promise<Uint8Array[]> {
  return Promise.all((await picturesOf(rows)).map(pngOf));
}

/** The class of each row [784] by a judge. */
export async function classesOf(judge: DigitJudge, rows: tf.Tensor2D): Promise<number[]> {
  const { scores, features } = await judge.look(await picturesOf(rows));
  const best = tf.argMax(scores, 1);
  const classes = [...(await best.data())];
  tf.dispose([scores, features, best]);
  return classes;
}
