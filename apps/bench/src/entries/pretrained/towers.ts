import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CrossmodalError, compile, type Encoder, type Inputs } from '@crossmodal/core';
import { cached, type HostArray, mapConcurrently } from '@crossmodal/core/data';
import { loadTextEncoder, type PretrainedTextEncoder } from '@crossmodal/encoders-text';
import { loadImageEncoder } from '@crossmodal/encoders-vision';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Names of the folders. */
const names = { text: 'all-MiniLM-L6-v2', image: 'efficientnet-lite0' };

/** @throws CrossmodalError when the folder of models was not named, or one is missing */
export function modelFolders(models: string | undefined): { text: string; image: string } {
  if (models === undefined) {
    throw new CrossmodalError('pretrained: needs a folder of models, and none was named', {
      remedy: `pass --models DIR, or set CROSSMODAL_MODELS, to a folder that holds ${names.text} and ${names.image}`,
    });
  }
  const folders = { text: join(models, names.text), image: join(models, names.image) };
  const missing = Object.values(folders).find((folder) => !existsSync(folder));
  if (missing) throw new CrossmodalError(`pretrained: there is no ${missing}`, { remedy: 'fetch the model into it' });
  return folders;
}

/** The sentence encoder, as published. */
export const textTower = (models: string | undefined): Promise<PretrainedTextEncoder> =>
  loadTextEncoder(modelFolders(models).text, { maximumLength: 40 });

/** What a locked tower says of pictures, computed once and kept on disk under the picture's content. */
export async function pictureVectors(
  models: string | undefined,
  pictures: readonly string[],
  { cacheFolder, progress }: { cacheFolder: string; progress: (done: number) => void },
): Promise<Float32Array[]> {
  const folder = modelFolders(models).image;
  const encoder = await loadImageEncoder(folder, { config: { architecture: 'efficientnet_lite0' } });
  const encode = compile((inputs: Inputs) => encoder.encode(inputs));
  const kind = createHash('sha256').update(JSON.stringify(encoder.config)).digest('hex').slice(0, 8);
  const decoder = cached(
    {
      settings: { kind: `${names.image}-${kind}`, version: 1 },
      async decode(picture: string): Promise<HostArray> {
        const inputs = await encoder.prepare([picture]);
        const vector = encode(inputs) as Tensor2D;
        const data = (await vector.data()) as Float32Array;
        tf.dispose([inputs, vector]);
        return { data, shape: [data.length] };
      },
      async close() {
        encode.dispose();
        encoder.dispose();
      },
    },
    { folder: join(cacheFolder, 'vectors') },
  );
  let done = 0;
  try {
    return await mapConcurrently(
      pictures,
      async (picture) => {
        const { data } = await decoder.decode(picture);
        progress(++done);
        return data as Float32Array;
      },
      { concurrency: 2 },
    );
  } finally {
    await decoder.close();
  }
}

/** What the text tower says of each text. */
export async function textVectors(
  encoder: PretrainedTextEncoder,
  texts: readonly string[],
): Promise<Map<string, Float32Array>> {
  const encode = compile((inputs: Inputs) => encoder.encode(inputs));
  // Texts of one length side by side, so that little padding is computed.
  const distinct = [...new Set(texts)].sort((a, b) => a.length - b.length);
  const vectors = new Map<string, Float32Array>();
  try {
    for (let at = 0; at < distinct.length; at += 64) {
      const some = distinct.slice(at, at + 64);
      const inputs = await encoder.prepare(some);
      const rows = encode(inputs) as Tensor2D;
      const data = (await rows.data()) as Float32Array;
      tf.dispose([inputs, rows]);
      some.forEach((text, i) => {
        vectors.set(text, data.slice(i * encoder.dimension, (i + 1) * encoder.dimension));
      });
    }
  } finally {
    encode.dispose();
  }
  return vectors;
}

/** Mean and deviation of each column. */
export interface Columns {
  mean: Tensor1D;
  deviation: Tensor1D;
}

export function columnsOf(vectors: readonly Float32Array[]): Columns {
  return tf.tidy(() => {
    const moments = tf.moments(rowsOf(vectors), 0);
    return {
      mean: tf.keep(tf.clone(moments.mean)) as Tensor1D,
      deviation: tf.keep(tf.sqrt(tf.add(moments.variance, 1e-6))) as Tensor1D,
    };
  });
}

export function rowsOf(vectors: readonly Float32Array[]): Tensor2D {
  const width = vectors[0]!.length;
  const all = new Float32Array(vectors.length * width);
  vectors.forEach((vector, i) => {
    all.set(vector, i * width);
  });
  return tf.tensor2d(all, [vectors.length, width]);
}

/** A tower whose vectors were computed before: its items are those vectors. */
export function vectorEncoder(modality: string, dimension: number): Encoder<Float32Array> {
  return {
    modality,
    dimension,
    prepare: async (vectors) => ({ vectors: rowsOf(vectors) }),
    encode: ({ vectors }) => tf.clone(vectors as Tensor2D),
    namedVariables: () => ({}),
    trainableVariables: () => [],
    dispose: () => {},
  };
}

/** A tower whose columns are brought to mean zero and deviation one, as they are in training. */
export function standardized<Item>(encoder: Encoder<Item>, { mean, deviation }: Columns): Encoder<Item> {
  return {
    ...encoder,
    encode: (inputs, options) => tf.tidy(() => tf.div(tf.sub(encoder.encode(inputs, options), mean), deviation)),
  };
}
