import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CrossmodalError, compile, type Inputs } from '@crossmodal/core';
import { loadImageEncoder, toImage } from '@crossmodal/encoders-vision';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelledSet } from '../labelled-set.js';

/** Says of pictures what a published tower sees in them. */
export interface Tower {
  dimension: number;
  vectors(set: LabelledSet): Promise<LabelledSet>;
  dispose(): void;
}

/**
 * EfficientNet-Lite0, trained on ImageNet.
 *
 * @throws CrossmodalError when its folder is not there.
 */
export async function publishedTower(models: string): Promise<Tower> {
  const folder = join(models, 'efficientnet-lite0');
  if (!existsSync(folder)) {
    throw new CrossmodalError(`few-labels: there is no ${folder}`, { remedy: 'fetch the model into it' });
  }
  const encoder = await loadImageEncoder(folder, { config: { architecture: 'efficientnet_lite0' } });
  const encode = compile((inputs: Inputs) => encoder.encode(inputs));
  return {
    dimension: encoder.dimension,
    async vectors(set) {
      const rows: Float32Array[] = [];
      for (let start = 0; start < set.count; start += 8) {
        const places = Array.from({ length: Math.min(8, set.count - start) }, (_, i) => start + i);
        const pictures = set.inputs(places) as Tensor4D;
        const [, height, width, channels] = pictures.shape;
        const values = await pictures.data();
        pictures.dispose();
        const size = height * width * channels;
        const images = places.map((_, i) =>
          toImage({
            data: Float32Array.from(values.subarray(i * size, (i + 1) * size), (value) => (value + 1) / 2),
            shape: [height, width, channels],
          }),
        );
        const inputs = await encoder.prepare(images);
        const vectors = encode(inputs) as Tensor2D;
        const data = (await vectors.data()) as Float32Array;
        tf.dispose([inputs, vectors]);
        places.forEach((_, i) => {
          rows.push(data.slice(i * encoder.dimension, (i + 1) * encoder.dimension));
        });
      }
      const inputs = (places: readonly number[]) => {
        const values = new Float32Array(places.length * encoder.dimension);
        places.forEach((place, i) => {
          values.set(rows[place]!, i * encoder.dimension);
        });
        return tf.tensor2d(values, [places.length, encoder.dimension]);
      };
      return { ...set, inputs };
    },
    dispose() {
      encode.dispose();
      encoder.dispose();
    },
  };
}
