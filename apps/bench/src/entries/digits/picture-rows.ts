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
