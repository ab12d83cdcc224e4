import { bsds500, type LabelledImages, mnist, mnistM } from '@crossmodal/core/data/sets';
import { decodeImage } from '@crossmodal/encoders-vision';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Pictures of digits of one look. */
export interface DigitDomain {
  train: LabelledImages;
  test: LabelledImages;
}

/** MNIST, and MNIST-M made of it; at most `limit` pictures for training and 2,000 for tests. */
export async function digitDomains(
  dataFolder: string | undefined,
  limit: number,
): Promise<{ mnist: DigitDomain; mnistM: DigitDomain }> {
  const { train, test } = await mnist({ data: dataFolder });
  const photographs = await Promise.all((await bsds500({ data: dataFolder })).map((file) => decodeImage(file)));
  const digits = { train: first(train, limit), test: first(test, Math.min(limit, 2000)) };
  return {
    mnist: digits,
    mnistM: {
      train: mnistM(digits.train, photographs, { seed: 'train' }),
      test: mnistM(digits.test, photographs, { seed: 'test' }),
    },
  };
}

/** The first pictures of a set. MNIST is in random order. */
function first(set: LabelledImages, limit: number): LabelledImages {
  const count = Math.min(set.count, limit);
  const size = set.height * set.width * set.channels;
  return { ...set, count, images: set.images.subarray(0, count * size), labels: set.labels.subarray(0, count) };
}

/** Pictures as [rows, height, width, 3] from -1 to 1, grey ones repeated: what the recipe takes. */
export function digitTensor({ images, height, width, channels }: LabelledImages, rows: readonly number[]): Tensor4D {
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
