import type { LabelledImages } from '@crossmodal/core/data/sets';
import { type BytePixels, resize, toImage } from '@crossmodal/encoders-vision';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Domain, LabelledSet } from '../labelled-set.js';

/** Side of all pictures, that of MNIST. */
export const side = 28;

/** Pictures of one look, with the names of their classes. */
export interface PictureDomain {
  name: string;
  classes: readonly string[];
  train: LabelledImages;
  test: LabelledImages;
}

/** As it is trained on; labels are numbers of these classes. */
export function domainOf({ name, classes, train, test }: PictureDomain, order: readonly string[]): Domain {
  const set = (images: LabelledImages): LabelledSet => ({
    count: images.count,
    labels: Array.from(images.labels, (label) => order.indexOf(classes[label]!)),
    inputs: (rows) => pictureTensor(images, rows),
  });
  return { name, train: set(train), test: set(test) };
}

/** Pictures as [rows, height, width, 3] from -1 to 1, grey ones repeated: what the recipe takes. */
function pictureTensor({ images, height, width, channels }: LabelledImages, rows: readonly number[]): Tensor4D {
  const pixels = height * width;
  const values = new Float32Array(rows.length * pixels * 3);
  rows.forEach((row, place) => {
    const from = row * pixels * channels;
    for (let i = 0; i < pixels; i++) {
      for (let k = 0; k < 3; k++) {
        const byte = images[from + i * channels + (channels === 1 ? 0 : k)] as number;
        values[(place * pixels + i) * 3 + k] = byte / 127.5 - 1;
      }
    }
  });
  return tf.tensor4d(values, [rows.length, height, width, 3]);
}

/** Pictures with their classes as one array, brought to the side that all have. */
export function joinPictures(pictures: readonly BytePixels[], labels: readonly number[]): LabelledImages {
  const channels = Math.max(1, ...pictures.map(({ shape }) => shape[2] as number));
  const images = new Uint8Array(pictures.length * side * side * channels);
  pictures.forEach((picture, i) => {
    const data = bytesOfSide(picture);
    const own = picture.shape[2] as number;
    for (let at = 0; at < side * side * channels; at++) {
      images[i * side * side * channels + at] = own === channels ? data[at]! : data[Math.floor(at / channels)]!; // grey among coloured ones
    }
  });
  return {
    ...{ images, labels: Uint8Array.from(labels), count: pictures.length },
    ...{ height: side, width: side, channels },
  };
}

function bytesOfSide(picture: BytePixels): Uint8Array {
  const [height, width] = picture.shape;
  if (height === side && width === side) return picture.data;
  const { data } = resize(toImage(picture), { height: side, width: side, eightBit: true });
  return Uint8Array.from(data, (value) => Math.round(255 * value));
}
