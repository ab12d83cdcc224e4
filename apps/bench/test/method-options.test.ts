import '@tensorflow/tfjs-layers';
import { classifier, contrastiveAdversarial, dann, digitFeatures } from '@crossmodal/adaptation';
import {
  dualEncoder,
  exactIndex,
  linearEmbedding,
  multimodalAutoencoder,
  quantizedIndex,
  squaredError,
} from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import { pipeline } from '@crossmodal/core/data';
import { useDevice } from '@crossmodal/core/device';
import { multiHeadAttention } from '@crossmodal/core/layers';
import { ctcRecogniser, encoderDecoder, textToSpeech, transformerDecoder } from '@crossmodal/encoder-decoder';
import {
  bagEncoder,
  characterTokenizer,
  lstmEncoder,
  transformerEncoder,
  wordTokenizer,
} from '@crossmodal/encoders-text';
import { convolutionalEncoder, linearEncoder } from '@crossmodal/encoders-vision';
import { coAttentionMatcher, concatenation, fusionClassifier, matchModel, questionAnswering } from '@crossmodal/fusion';
import {
  conditionalGan,
  conditioningAugmentation,
  denseDiscriminator,
  denseGenerator,
  embeddingGan,
  gan,
} from '@crossmodal/gan';
import {
  bernoulli,
  categorical,
  denseDecoder,
  denseInference,
  fitGaussianMixture,
  fitKernelDensity,
  fitNormal,
  gaussian,
  multimodalVae,
  vae,
} from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(() => useDevice('js'));

const tokenizer = wordTokenizer({ corpus: ['a b'] });
const image = () => linearEncoder({ features: 4, dimension: 3, seed: 1 });
const text = () => bagEncoder({ tokenizer, dimension: 3, seed: 1 });
const encoders = () => ({ image: image(), text: text() });
const x = () => tf.ones([2, 4]);
const words = () => transformerEncoder({ tokenizer, dimension: 4, heads: 2, layers: 1, seed: 1 });
const decoder = () => denseDecoder({ latentDimension: 2, outputDimension: 4, hidden: [] });
const modality = () => ({ encoder: denseInference({ inputDimension: 4, hidden: [2] }), decoder: decoder() });
const sequences = () =>
  encoderDecoder({
    encoder: words(),
    decoder: transformerDecoder({ dimension: 4, heads: 2, layers: 1 }),
    tokenizer,
    maximumLength: 4,
    seed: 1,
  });
const conditional = () =>
  conditionalGan({
    conditionDimension: 2,
    latentDimension: 3,
    generator: denseGenerator({ outputDimension: 2, latentDimension: 3, conditionDimension: 2, hidden: [4] }),
    discriminator: denseDiscriminator({ inputDimension: 2, conditionDimension: 2, hidden: [4] }),
  });
const mapping = () =>
  embeddingGan({ dimensionA: 2, dimensionB: 2, hidden: [], discriminatorHidden: [], cycleWeight: 1 });
const pair = () => ({ real: tf.ones([2, 2]), condition: tf.ones([2, 2]) });
const sides = () => ({ a: tf.ones([2, 2]), b: tf.ones([2, 2]) });

/** Arguments before the options by method; undefined for a method that takes options in other objects, but none in this one. */
type Methods = Readonly<Record<string, readonly unknown[] | undefined>>;

/** Objects of every package, and their methods that take options. */
const objects: Readonly<Record<string, () => readonly [object, Methods]>> = {
  'an encoder of images': () => [image(), { encode: [{}], prepare: [[]], files: [] }],
  'a convolutional encoder': () => [
    convolutionalEncoder({ size: 8, dimension: 3, channels: [2], seed: 1 }),
    { encode: [{}], encodeSequence: [{}], prepare: [[]], files: [] },
  ],
  'an encoder of texts': () => [text(), { encode: [{}], encodeSequence: [{}], prepare: [[]], files: [] }],
  'a recurrent encoder': () => [
    lstmEncoder({ tokenizer, dimension: 4, seed: 1 }),
    { encode: [{}], encodeSequence: [{}], prepare: [[]], files: [] },
  ],
  'a Transformer': () => [
    transformerEncoder({ tokenizer, dimension: 4, heads: 2, layers: 1, seed: 1 }),
    { encode: [{}], encodeSequence: [{}], prepare: [[]], files: [] },
  ],
  'a dual encoder': () => [
    dualEncoder({ encoders: encoders(), dimension: 2, seed: 1 }),
    {
      ...{ loss: [{}], embed: ['image', {}], embedBatch: [{}], embedItems: ['image', ['a']], contrast: [{}] },
      ...{ prepare: ['image', []], files: [] },
    },
  ],
  'a linear embedding': () => [linearEmbedding({ inputDimension: 2, dimension: 2, seed: 1 }), { files: [] }],
  'an index': () => [exactIndex({ dimension: 2 }), { search: [[1, 2]] }],
  'a classifier': () => [
    classifier({ encoder: image(), classes: 2, seed: 1 }),
    { loss: [{}], classify: [{}], features: [{}], files: [] },
  ],
  'a fusion classifier': () => [
    fusionClassifier({ encoders: encoders(), strategy: concatenation(), classes: 2, seed: 1 }),
    { loss: [{}], logits: [{}], classifyItems: [{}], files: [] },
  ],
  'a match model': () => [
    matchModel({ encoders: encoders(), hidden: 2, seed: 1 }),
    { loss: [{}], logits: [{}], scores: [{}], files: [] },
  ],
  'a co-attention matcher': () => [
    coAttentionMatcher({ encoders: { image: words(), text: words() }, dimension: 2, seed: 1 }),
    { places: ['text', {}], loss: [{}], scores: undefined, encodeItems: ['text', ['a']], files: [] },
  ],
  'a model that answers questions': () => [
    questionAnswering({
      ...{ image: image(), question: text(), strategy: concatenation() },
      answers: ['yes', 'no'],
      seed: 1,
    }),
    { loss: [{ image: {}, question: {} }], logits: [{ image: {}, question: {} }], answerItems: [[], []], files: [] },
  ],
  'a multimodal autoencoder': () => [
    multimodalAutoencoder({
      modalities: {
        image: { encoder: image(), decoder: decoder(), reconstruction: squaredError() },
        text: { encoder: text(), decoder: decoder(), reconstruction: squaredError() },
      },
      ...{ dimension: 2, seed: 1 },
    }),
    {
      ...{ latent: [{ text: {} }], reconstruct: [{ text: {} }], loss: [{}], embedItems: ['text', ['a']], files: [] },
    },
  ],
  'an encoder with a decoder': () => [
    sequences(),
    {
      ...{ prepareTargets: [['a']], logits: [{}], loss: [{}], generate: [{}], generateItems: [['a']], files: [] },
    },
  ],
  'a decoder': () => [sequences().decoder, { logits: [tf.zeros([1, 2], 'int32'), undefined] }],
  'a recogniser of speech': () => [
    ctcRecogniser({ encoder: words(), tokenizer, seed: 1 }),
    { logits: [{}], loss: [{}], transcribe: [{}], files: [] },
  ],
  'text to speech': () => [
    textToSpeech({
      ...{ encoder: words(), bands: 2, maximumFrames: 4 },
      ...{ dimension: 4, layers: 1, heads: 2 },
      seed: 1,
    }),
    { loss: [{}], generate: [{}], files: [] },
  ],
  'an index of short codes': () => [quantizedIndex({ dimension: 2, precision: 'int8' }), { search: [tf.ones([1, 2])] }],
  'a domain adapter': () => [
    dann({ features: digitFeatures({ seed: 1 }), classes: 2, lambda: 1, seed: 1 }),
    { loss: [{}], features: [{}], classify: [{}], files: [] },
  ],
  'an adversarial contrastive model': () => [
    contrastiveAdversarial({
      model: dualEncoder({ encoders: encoders(), dimension: 2, seed: 1 }),
      ...{ lambda: 1, seed: 1 },
    }),
    { loss: [{ source: {}, target: {} }] },
  ],
  'a conditional GAN': () => [
    conditional(),
    { generate: [tf.ones([2, 2])], generateInBatches: [tf.ones([2, 2])], files: [] },
  ],
  'the generator of a conditional GAN': () => [conditional().objectives.generator, { loss: [pair()] }],
  'the discriminator of a conditional GAN': () => [conditional().objectives.discriminator, { loss: [pair()] }],
  'a GAN of embeddings': () => [mapping(), { files: [] }],
  'the generator of a GAN of embeddings': () => [mapping().objectives.generator, { loss: [sides()] }],
  'the discriminator of a GAN of embeddings': () => [mapping().objectives.discriminator, { loss: [sides()] }],
  'a GAN': () => [
    gan({
      generator: denseGenerator({ outputDimension: 2, latentDimension: 3, hidden: [4] }),
      discriminator: denseDiscriminator({ inputDimension: 2, hidden: [4] }),
    }),
    { generate: [2], generateInBatches: [2], files: [] },
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
  'a VAE of several modalities': () => [
    multimodalVae({ modalities: { image: modality(), text: modality() } }),
    {
      ...{ posterior: [{ image: x() }], loss: [{ image: x() }], elbo: [{ image: x() }], generate: [{ image: x() }] },
      ...{ logLikelihood: [{ image: x() }], sample: [1], files: [] },
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

/** Methods of these objects that take no options. */
const withoutOptions = new Set([
  ...['namedVariables', 'trainableVariables', 'dispose', 'prepareLabels', 'answerIndices'],
  ...['scale', 'apply', 'predict', 'forward', 'backward', 'score', 'attend', 'state', 'teacherForced'],
  ...['add', 'has', 'upsert', 'upsertRows', 'delete'],
  ...['iterate', 'iterateFrom', 'collate', 'prefetch', 'take', 'concatenate'],
]);
/** Names of all methods of an object, those of its class as well. */
function methodsOf(object: object): string[] {
  const names: string[] = [];
  for (let at = object; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor') names.push(name);
    }
  }
  return names;
}

describe('methods refuse options that do not exist', () => {
  const cases = Object.entries(objects).map(([name, make]) => [name, make] as const);
  it.each(cases)('%s', async (_, make) => {
    const [object, methods] = make();
    for (const [method, before] of Object.entries(methods)) {
      if (!before) continue;
      const call = async () => {
        const result = (object as Record<string, (...values: unknown[]) => unknown>)[method]!(...before, {
          trainning: true,
        });
        // Generators begin when the first value is asked for.
        await (result as Partial<AsyncGenerator> | undefined)?.next?.();
        return result;
      };
      await expect(call(), method).rejects.toThrow(/there is no option 'trainning'/);
    }
  });

  it.each(cases)('%s: none of its methods is left out above', (_, make) => {
    const [object, methods] = make();
    const left = methodsOf(object).filter((method) => !(method in methods || withoutOptions.has(method)));
    expect(left).toEqual([]);
  });

  const random = new Random(1);
  const points = () =>
    tf.tensor2d([
      [1, 2],
      [3, 5],
      [2, 1],
      [0, 1],
    ]);
  const small: Readonly<Record<string, (options: never) => unknown>> = {
    'a tokenizer of words': (options) => tokenizer.encode('a', options),
    'a tokenizer of characters': (options) => characterTokenizer().encode('a', options),
    'a likelihood of bits': (options) => bernoulli().sample(points(), options),
    'a likelihood of numbers': (options) => gaussian({ standardDeviation: 1 }).sample(points(), options),
    'a likelihood of classes': (options) => categorical({ classes: 2 }).sample(points(), options),
    'a normal distribution': async (options) => (await fitNormal(points())).sample(1, options),
    'a mixture': async (options) => (await fitGaussianMixture(points(), { components: 1 })).sample(1, options),
    'a kernel density': (options) => fitKernelDensity(points()).sample(1, options),
    'conditioning augmentation': (options) =>
      conditioningAugmentation({ conditionDimension: 2, dimension: 2, seed: 1 }).apply(points(), options),
    attention: (options) => multiHeadAttention({ heads: 1, seed: 1 }).attend(tf.ones([1, 2, 2]), options),
  };
  it.each(Object.entries(small))('%s', async (_, use) => {
    await expect((async () => use({ random, trainning: true } as never))()).rejects.toThrow(
      /there is no option '(trainning|random)'/,
    );
  });

  it('and a training that is neither true nor false', () => {
    expect(() => image().encode({}, { training: 'yes' } as never)).toThrow(/training must be true or false, got yes/);
  });
});
