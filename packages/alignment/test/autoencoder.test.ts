import { defineEncoder, type Encoder, Random } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { adam } from '@crossmodal/core/optimisers';
import { fit, trainStep } from '@crossmodal/core/train';
import { infoNce } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  type AutoencoderBatch,
  multimodalAutoencoder,
  retrievalMetrics,
  squaredError,
  tokenCrossEntropy,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const classes = 4;
const words = 6;

/** Pictures of 16 values and texts of two words; both follow from a class. */
function samples(rows: number, seed: number, { shuffled = false } = {}) {
  const random = new Random(seed);
  const labels = Array.from({ length: rows }, () => random.integer(classes));
  const spoken = shuffled ? random.shuffle(labels) : labels;
  const pixels = labels.map((label) =>
    Array.from({ length: 16 }, (_, i) => Number(i % classes === label) + 0.1 * random.normal()),
  );
  const ids = spoken.map((label) => [1 + label, 1 + ((label + 1) % classes), 0]);
  return {
    image: { pixels: tf.tensor2d(pixels) },
    text: {
      ids: tf.tensor2d(ids, [rows, 3], 'int32'),
      mask: tf.tensor2d(ids.map((row) => row.map((id) => Number(id > 0)))),
    },
  };
}

function dense(units: number, inputs: number, seed: number, shape?: number[]): tfl.LayersModel {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed });
  const input = tfl.input({ shape: [inputs] });
  let x = tfl.layers.dense({ units, kernelInitializer }).apply(input) as tfl.SymbolicTensor;
  if (shape) x = tfl.layers.reshape({ targetShape: shape }).apply(x) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: x });
}

function model(options: { lambda?: number; temperature?: number; dimension?: number; seed?: number } = {}) {
  const image = defineEncoder<number[]>({
    modality: 'image',
    model: dense(8, 16, 1),
    inputs: ['pixels'],
    prepare: async (rows) => ({ pixels: tf.tensor2d([...rows]) }),
  });
  const ids = tfl.input({ shape: [3], dtype: 'int32' });
  const embeddingsInitializer = tfl.initializers.randomNormal({ stddev: 0.5, seed: 2 });
  const embedded = tfl.layers.embedding({ inputDim: words, outputDim: 4, embeddingsInitializer }).apply(ids);
  const text: Encoder<number[]> = defineEncoder<number[]>({
    modality: 'text',
    model: tfl.model({ inputs: ids, outputs: tfl.layers.flatten().apply(embedded) as tfl.SymbolicTensor }),
    inputs: ['ids'],
    prepare: async (rows) => ({ ids: tf.tensor2d([...rows], [rows.length, 3], 'int32') }),
  });
  return multimodalAutoencoder({
    modalities: {
      image: { encoder: image, decoder: dense(16, 5, 3), reconstruction: squaredError() },
      text: {
        encoder: text,
        decoder: dense(3 * words, 5, 4, [3, words]),
        reconstruction: tokenCrossEntropy(),
        weight: 0.5,
      },
    },
    dimension: 5,
    seed: 1,
    ...options,
  });
}

const value = (tensor: Tensor) => tensor.dataSync()[0]!;

describe('multimodalAutoencoder', () => {
  it('is the sum of all reconstructions and lambda times the contrast', () => {
    const autoencoder = model({ lambda: 0.3, temperature: 0.2 });
    const batch = samples(6, 1);
    const z = {
      image: autoencoder.latent({ image: batch.image }),
      text: autoencoder.latent({ text: batch.text }),
    };
    const joint = tf.div(tf.add(z.image, z.text), 2) as Tensor2D;
    expect(autoencoder.latent(batch)).toBeAllclose(joint);
    const pictureLoss = (inputs: Partial<AutoencoderBatch<'image' | 'text'>>) =>
      value(tf.losses.meanSquaredError(batch.image.pixels, autoencoder.reconstruct(inputs, { to: 'image' })));
    const wordLoss = (inputs: Partial<AutoencoderBatch<'image' | 'text'>>) => {
      const logits = autoencoder.reconstruct(inputs, { to: 'text' }).arraySync() as number[][][];
      const ids = batch.text.ids.arraySync();
      const losses = ids.flatMap((row, i) =>
        row.flatMap((id, t) => {
          if (id === 0) return [];
          const own = logits[i]![t]!;
          return [Math.log(own.reduce((sum, l) => sum + Math.exp(l), 0)) - own[id]!];
        }),
      );
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    const sources = [batch, { image: batch.image }, { text: batch.text }];
    const reconstruction = sources.reduce((sum, inputs) => sum + pictureLoss(inputs) + 0.5 * wordLoss(inputs), 0);
    const contrast = value(infoNce(z.image, z.text, { temperature: 0.2 }));
    const terms = autoencoder.loss(batch);
    expect(terms.loss).toBeAllclose(reconstruction + 0.3 * contrast, { rtol: 1e-4 });
    expect(terms['contrastive']!).toBeAllclose(contrast, { rtol: 1e-4 });
    expect(terms['text-image']!).toBeAllclose(pictureLoss({ text: batch.text }), { rtol: 1e-4 });
    expect(terms['image-text']!).toBeAllclose(0.5 * wordLoss({ image: batch.image }), { rtol: 1e-4 });
  });

  it('learns to make each modality from the other, for new samples; from shuffled pairs it does not', async () => {
    const trained = async (shuffled: boolean) => {
      const autoencoder = model();
      const step = trainStep(autoencoder, { optimizer: adam({ learningRate: 1e-2 }) });
      await fit(step, tensorDataset(samples(256, 1, { shuffled }), { batchSize: 32, seed: 1 }), {
        epochs: 25,
        progress: false,
      });
      const test = samples(100, 2);
      const spoken = tf
        .argMax(autoencoder.reconstruct({ image: test.image }, { to: 'text' }), 2)
        .arraySync() as number[][];
      const ids = test.text.ids.arraySync();
      const right = ids.filter((row, i) => row[0] === spoken[i]![0] && row[1] === spoken[i]![1]).length;
      const picture = autoencoder.reconstruct({ text: test.text }, { to: 'image' });
      const error = value(tf.losses.meanSquaredError(test.image.pixels, picture));
      const labels = ids.map((row) => row[0]!);
      const { recall } = await retrievalMetrics(
        await autoencoder.embedItems('image', test.image.pixels.arraySync()),
        await autoencoder.embedItems('text', ids),
        { relevant: { queries: labels, gallery: labels }, k: [1] },
      );
      step.dispose();
      autoencoder.dispose();
      return { right: right / ids.length, error, recall: recall[1]! };
    };
    const learned = await trained(false);
    expect(learned.right).toBeGreaterThan(0.95);
    expect(learned.error).toBeLessThan(0.06); // the noise alone is 0.01, the mean picture 0.19
    expect(learned.recall).toBeGreaterThan(0.95);
    const control = await trained(true);
    expect(control.right).toBeLessThan(0.6); // chance: 1 of 4
    expect(control.error).toBeGreaterThan(0.12);
  });

  it('leaves nothing behind, when throwing too', async () => {
    const autoencoder = model();
    const batch = samples(4, 1);
    await expectNoLeak(() => autoencoder.loss(batch, { training: true }));
    await expectNoLeak(() => autoencoder.reconstruct({ text: batch.text }, { to: 'image' }));
    await expectNoLeakWhenThrowing(() => autoencoder.loss({ image: batch.image } as never), /utoencoder/);
    await expectNoLeak(() => autoencoder.embedItems('image', [new Array(16).fill(0)]));
  });

  it('says what is wrong', () => {
    const autoencoder = model();
    const batch = samples(4, 1);
    expect(() => autoencoder.loss({ image: batch.image } as never)).toThrow('needs image, text, got no text');
    expect(() => autoencoder.loss({ image: batch.image, text: samples(3, 1).text })).toThrow('got image 4, text 3');
    expect(() => autoencoder.latent({})).toThrow('one or more of image, text with one batch size, got none');
    expect(() => autoencoder.reconstruct(batch, { to: 'audio' as never })).toThrow("no modality 'audio'");
    expect(() => model({ lambda: -1 })).toThrow('lambda must be finite and not negative, got -1');
    expect(() => model({ dimension: 6 })).toThrow('image decoder must take latents [batch, 6], got [,5]');
    expect(() => model({ lamda: 1 } as never)).toThrow("did you mean 'lambda'?");
    expect(() => model({ seed: undefined as never })).toThrow('seed must be an integer');
    expect(() => squaredError({ input: 'colour' }).loss(tf.zeros([1]), batch.image)).toThrow(
      "no input 'colour', only pixels",
    );
    expect(() => squaredError().loss(tf.zeros([4, 3]), batch.image)).toThrow('the shape of pixels, [4,16], got [4,3]');
    expect(() => tokenCrossEntropy().loss(tf.zeros([4, 2, 6]), batch.text)).toThrow('[4,3, vocabulary], got [4,2,6]');
  });
});
