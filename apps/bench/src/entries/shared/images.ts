import { availableParallelism } from 'node:os';
import type { Random } from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import { decodeImage, encodePng, type Image, loadImages, randomCrop, toImage } from '@crossmodal/encoders-vision';
import type { Tensor4D } from '@tensorflow/tfjs-core';

/** Decodes pictures into memory, on white: [size, size, 3], from 0 to 1. */
export async function decodePictures(files: readonly string[], { size }: { size: number }): Promise<Image[]> {
  const decode = async (file: string) => toImage(await decodeImage(file, { size, background: 'white' }));
  return mapConcurrently(files, decode, { concurrency: 4 * availableParallelism() });
}

/** A batch of pictures with values from 0 to 1: [batch, size, size, 3]. */
export async function pictureTensor(pictures: readonly Image[]): Promise<Tensor4D> {
  return loadImages(pictures, { mean: 0, standardDeviation: 1 });
}

/** Shifts a picture a little, so that no two passes show the same; what comes in from outside is white. */
export function shifted(image: Image, random: Random): Image {
  return randomCrop(image, { random, padding: Math.round(image.shape[0] / 10), fill: 1 });
}

/** A picture as the bytes of a PNG file; values outside 0 to 1 are clipped. */
export function pngOf(image: Image): Promise<Uint8Array> {
  return encodePng(image);
}

/** The pictures in a tensor [count, height, width, channels]. */
export async function imagesOf(tensor: Tensor4D): Promise<Image[]> {
  const [count, ...shape] = tensor.shape;
  const values = (await tensor.data()) as Float32Array;
  const length = values.length / count;
  return Array.from({ length: count }, (_, index) => ({
    data: values.slice(index * length, (index + 1) * length),
    shape,
  }));
}
