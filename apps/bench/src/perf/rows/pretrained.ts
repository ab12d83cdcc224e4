import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Encoder, Inputs } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { type AdaptableEncoder, lora } from '@crossmodal/core/tuning';
import { loadTextEncoder } from '@crossmodal/encoders-text';
import { loadImageEncoder } from '@crossmodal/encoders-vision';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { tokens, uniform } from './data.js';
import { bertBase, type PretrainedFolder, vitBase } from './pretrained-folder.js';
import type { Loading, Row } from './row.js';
import { adamStep } from './training.js';
import { transformerFlops } from './transformer-network.js';

/** A published size: its folder, what it is given, and what it is called. */
interface Model {
  id: string;
  title: string;
  folder: PretrainedFolder;
  forwardFlops: number;
  load(path: string): Promise<Encoder<never> & AdaptableEncoder>;
  names: readonly string[];
  inputs(batch: number): Tensor[];
}

const sizes = { width: 768, heads: 12, hidden: 3072, depth: 12 };
const length = 128;

const models: readonly Model[] = [
  {
    id: 'bert-base',
    title: `BERT-base from a folder, T ${length}`,
    folder: bertBase,
    forwardFlops: transformerFlops({ ...sizes, length }),
    load: loadTextEncoder,
    names: ['ids', 'mask'],
    // Of different lengths, as texts are.
    inputs(batch) {
      const mask = tf.buffer([batch, length]);
      for (let row = 0; row < batch; row++) for (let i = 0; i < length - 8 * row; i++) mask.set(1, row, i);
      return [tokens(batch, length, 30_522), mask.toTensor()];
    },
  },
  {
    id: 'vit-base',
    title: 'ViT-B/16 from a folder, 224x224',
    folder: vitBase,
    forwardFlops: transformerFlops({ ...sizes, length: 197 }) + 2 * 196 * 768 * 768,
    load: loadImageEncoder,
    names: ['pixels'],
    inputs: (batch) => [uniform([batch, 224, 224, 3], -1, 1)],
  },
];

const ways = {
  inference: 'inference',
  full: 'fine-tuning of all weights',
  lora: 'fine-tuning by LoRA of rank 8',
} as const;

/** Published sizes with random weights, loaded by the public loaders: forward passes and fine-tuning steps of both kinds. */
export const pretrained: readonly Row[] = models.flatMap((model) =>
  (Object.keys(ways) as (keyof typeof ways)[]).map((way) => rowOf(model, way)),
);

function rowOf({ id, title, folder, forwardFlops, load, names, inputs }: Model, way: keyof typeof ways): Row {
  return {
    id: `${id}-${way}`,
    title: `${title}, ${ways[way]}`,
    batch: 4,
    forwardFlops,
    inference: way === 'inference',
    folder,
    async build(batch, path) {
      const { encoder, loading } = await timed(() => load(path!), path!);
      if (way === 'lora') lora(encoder, { rank: 8, seed: 1 }); // the attention's queries and values, as PEFT does
      const variables = encoder.trainableVariables();
      const encode = (training: boolean, given: readonly Tensor[]) =>
        encoder.encode(Object.fromEntries(names.map((name, i) => [name, given[i]])) as Inputs, { training });
      const loss = (...given: Tensor[]) => tf.mean(tf.square(encode(true, given))) as Scalar;
      const step =
        way === 'inference'
          ? (...given: Tensor[]) => tf.tidy(() => tf.mean(encode(false, given)) as Scalar)
          : adamStep(loss, variables, adamW({ learningRate: 1e-5 }));
      return { step, inputs: inputs(batch), variables, loading };
    },
  };
}

async function timed<T>(load: () => Promise<T>, path: string): Promise<{ encoder: T; loading: Loading }> {
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const encoder = await load();
  const seconds = (performance.now() - started) / 1000;
  const peak = process.resourceUsage().maxRSS * 1024;
  const weights = statSync(join(path, 'model.safetensors')).size;
  return { encoder, loading: { seconds, peakMb: (peak - before) / 2 ** 20, weightsMb: weights / 2 ** 20 } };
}
