import { availableParallelism } from 'node:os';
import type { Random } from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import {
  type BytePixels,
  decodeImage,
  encodePng,
  type Image,
  loadImages,
  randomCrop,
  toImage,
} from '@crossmodal/encoders-vision';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import sharp from 'sharp';

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

/** Grey frames of one size as the bytes of an animated WebP file that goes on and on, each pixel four wide. */
export async function animationOf(frames: readonly BytePixels[], { delay = 200 } = {}): Promise<Uint8Array> {
  const [height, width] = frames[0]!.shape;
  const [pageHeight, wide] = [4 * height, 4 * width];
  const data = new Uint8Array(3 * frames.length * pageHeight * wide);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    const [row, column] = [Math.floor(pixel / wide), pixel % wide];
    const { data: grey } = frames[Math.floor(row / pageHeight)]!;
    data[i] = grey[Math.floor((row % pageHeight) / 4) * width + Math.floor(column / 4)]!;
  }
  const raw = { width: wide, height: frames.length * pageHeight, channels: 3 as const, pageHeight };
  return sharp(data, { raw })
    .webp({ lossless: true, loop: 0, delay: frames.map(() => delay) })
    .toBuffer();
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
