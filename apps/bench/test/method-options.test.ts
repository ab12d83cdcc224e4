import '@tensorflow/tfjs-layers';
import { classifier } from '@crossmodal/adaptation';
import { dualEncoder, exactIndex, linearEmbedding } from '@crossmodal/alignment';
import { pipeline } from '@crossmodal/core/data';
import { useDevice } from '@crossmodal/core/device';
import { bagEncoder, lstmEncoder, transformerEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder, linearEncoder } from '@crossmodal/encoders-vision';
import { concatenation, fusionClassifier } from '@crossmodal/fusion';
import { denseDiscriminator, denseGenerator, gan } from '@crossmodal/gan';
import { denseDecoder, denseInference, vae } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(() => useDevice('js'));

const tokenizer = wordTokenizer({ corpus: ['a b'] });
const image = () => linearEncoder({ features: 4, dimension: 3, seed: 1 });
const text = () => bagEncoder({ tokenizer, dimension: 3, seed: 1 });
const encoders = () => ({ image: image(), text: text() });
const x = () => tf.ones([2, 4]);

/** Objects of every package, and their methods that take options: arguments before the options. */
const objects: Readonly<Record<string, () => readonly [object, Readonly<Record<string, readonly unknown[]>>]>> = {
  'an encoder of images': () => [image(), { encode: [{}], prepare: [[]] }],
  'a convolutional encoder': () => [
    convolutionalEncoder({ size: 8, dimension: 3, channels: [2], seed: 1 }),
    { encode: [{}], prepare: [[]] },
  ],
  'an encoder of texts': () => [text(), { encode: [{}] }],
  'a recurrent encoder': () => [lstmEncoder({ tokenizer, dimension: 4, seed: 1 }), { encode: [{}] }],
  'a Transformer': () => [
    transformerEncoder({ tokenizer, dimension: 4, heads: 2, layers: 1, seed: 1 }),
    { encode: [{}], encodeSequence: [{}] },
  ],
  'a dual encoder': () => [
    dualEncoder({ encoders: encoders(), dimension: 2, seed: 1 }),
    { loss: [{}], embed: ['image', {}], embedBatch: [{}], embedItems: ['image', ['a']], contrast: [{}], files: [] },
  ],
  'a linear embedding': () => [linearEmbedding({ inputDimension: 2, dimension: 2, seed: 1 }), { files: [] }],
  'an index': () => [exactIndex({ dimension: 2 }), { search: [[1, 2]] }],
  'a classifier': () => [
    classifier({ encoder: image(), classes: 2, seed: 1 }),
    { loss: [{}], classify: [{}], features: [{}], files: [] },
  ],
  'a fusion classifier': () => [
    fusionClassifier({ encoders: encoders(), strategy: concatenation(), classes: 2, seed: 1 }),
    { loss: [{}], logits: [{}], classifyItems: [{}] },
  ],
  'a GAN': () => [
    gan({
      generator: denseGenerator({ outputDimension: 2, latentDimension: 3, hidden: [4] }),
      discriminator: denseDiscriminator({ inputDimension: 2, hidden: [4] }),
    }),
    { generate: [2] },
  ],
  'objectives of a GAN': () => [
    gan({
      generator: denseGenerator({ outputDimension: 2, latentDimension: 3, hidden: [4] }),
      discriminator: denseDiscriminator({ inputDimension: 2, hidden: [4] }),
    }).objectives.generator,
    { loss: [{ real: tf.ones([2, 2]) }] },
  ],
  'a VAE': () => [
    vae({
      encoder: denseInference({ inputDimension: 4, hidden: [2] }),
      decoder: denseDecoder({ latentDimension: 1, outputDimension: 4, hidden: [] }),
    }),
    {
      ...{ loss: [{ x: x() }], posterior: [x()], decode: [tf.ones([2, 1])], reconstruct: [x()], sample: [2] },
      ...{ interpolate: [x(), x()], traverse: [x()], logWeights: [x()], elbo: [x()], logLikelihood: [x()], files: [] },
    },
  ],
  'a pipeline': () => [
    pipeline([1, 2]),
    {
      ...{ map: [(v: number) => v], mapOrSkip: [(v: number) => v], filter: [() => true], expand: [(v: number) => [v]] },
      ...{ shuffle: [], batch: [2], batchWithoutDuplicates: [2], bucketByLength: [], toArray: [] },
    },
  ],
};

describe('methods refuse options that do not exist', () => {
  const cases = Object.entries(objects).map(([name, make]) => [name, make] as const);
  it.each(cases)('%s', async (_, make) => {
    const [object, methods] = make();
    for (const [method, before] of Object.entries(methods)) {
      const call = async () =>
        (object as Record<string, (...values: unknown[]) => unknown>)[method]!(...before, { trainning: true });
      await expect(call(), method).rejects.toThrow(/there is no option 'trainning'/);
    }
  });

  it('and a training that is neither true nor false', () => {
    expect(() => image().encode({}, { training: 'yes' } as never)).toThrow(/training must be true or false, got yes/);
  });
});
