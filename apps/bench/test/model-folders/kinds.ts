import {
  contrastiveProjections,
  dualEncoder,
  leastSquares,
  linearEmbedding,
  loadDualEncoder,
  loadLinearAlignment,
  loadLinearEmbedding,
  loadMultimodalAutoencoder,
  multimodalAutoencoder,
  procrustes,
  squaredError,
  transportAlignment,
} from '@crossmodal/alignment';
import type { EncoderLoaders, ModelFiles, NamedVariables, Savable } from '@crossmodal/core';
import { Random } from '@crossmodal/core';
import { loadAudioEncoder, spectrogramEncoder, waveformEncoder } from '@crossmodal/encoders-audio';
import { bagEncoder, loadTextEncoder, transformerEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder, linearEncoder, loadImageEncoder } from '@crossmodal/encoders-vision';
import {
  coAttentionMatcher,
  contrastiveObjective,
  crossAttention,
  fusionClassifier,
  gated,
  loadCoAttentionMatcher,
  loadFusionClassifier,
  loadMatchModel,
  loadQuestionAnswering,
  lowRankBilinear,
  matchModel,
  meanScore,
  questionAnswering,
} from '@crossmodal/fusion';
import {
  conditionalGan,
  denseDiscriminator,
  denseGenerator,
  embeddingGan,
  gan,
  loadConditionalGan,
  loadEmbeddingGan,
  loadGan,
} from '@crossmodal/gan';
import {
  categorical,
  convolutionalDecoder,
  convolutionalInference,
  denseDecoder,
  denseInference,
  gaussian,
  loadMultimodalVae,
  loadVae,
  multimodalVae,
  productOfExperts,
  vae,
} from '@crossmodal/vae';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Serves every model: a program that loads knows these, and the folder. */
export const encoders: EncoderLoaders = { image: loadImageEncoder, text: loadTextEncoder, audio: loadAudioEncoder };

/** What loads a model, by the type in its config.json. */
export const loaders: Readonly<Record<string, (files: ModelFiles) => Promise<unknown>>> = {
  dualEncoder: (files) => loadDualEncoder(files, { encoders }),
  multimodalAutoencoder: (files) => loadMultimodalAutoencoder(files, { encoders }),
  linearAlignment: loadLinearAlignment,
  linearEmbedding: loadLinearEmbedding,
  fusionClassifier: (files) => loadFusionClassifier(files, { encoders }),
  matchModel: (files) => loadMatchModel(files, { encoders }),
  questionAnswering: (files) => loadQuestionAnswering(files, { encoders }),
  coAttentionMatcher: (files) => loadCoAttentionMatcher(files, { encoders }),
  conditionalGan: (files) => loadConditionalGan(files, { encoders }),
  gan: loadGan,
  embeddingGan: loadEmbeddingGan,
  vae: (files) => loadVae(files, { encoders }),
  multimodalVae: (files) => loadMultimodalVae(files, { encoders }),
};

const values = <T extends Tensor = Tensor2D>(shape: number[], seed: number): T => {
  const numbers = new Float32Array(shape.reduce((product, size) => product * size, 1));
  new Random(seed).fillNormal(numbers);
  return tf.tensor(numbers, shape) as T;
};

const texts = ['two red boats', 'a dog runs', 'unheard of words'];
const pictures = [0, 1, 2].map((seed) => {
  const data = new Float32Array(8 * 8 * 3);
  new Random(seed).fillUniform(data);
  return { data, shape: [8, 8, 3] as const };
});
const recordings = [3, 4, 5].map((seed) => {
  const samples = new Float32Array(1600);
  new Random(seed).fillUniform(samples);
  return { samples, sampleRate: 8000 };
});

const image = () => convolutionalEncoder({ size: 8, channels: [4, 6], dimension: 6, mean: 0.4, seed: 1 });
const features = () => linearEncoder({ modality: 'image', features: 6, dimension: 4, seed: 2 });
const tokenizer = wordTokenizer({ corpus: texts.slice(0, 2), markers: true });
const text = () => transformerEncoder({ tokenizer, dimension: 8, heads: 2, layers: 1, maximumLength: 6, seed: 3 });
const bag = () => bagEncoder({ tokenizer, dimension: 6, seed: 4 });
const audio = () => waveformEncoder({ sampleRate: 8000, seconds: 0.2, channels: [4, 4], dimension: 5, seed: 5 });
const spectra = () =>
  spectrogramEncoder({ sampleRate: 8000, seconds: 0.2, bands: 16, channels: [4], dimension: 5, offset: 1e-5, seed: 6 });

interface Kind<Model = never> {
  make(folder: (name: string) => string): Promise<Model & Savable>;
  /** What the model says of fixed inputs. */
  probe(model: Model): Promise<Tensor>;
}

const kind = <Model>(definition: Kind<Model>): Kind => definition as unknown as Kind;

const side = async (model: { embedItems: unknown }, items: Readonly<Record<string, readonly unknown[]>>) => {
  const embed = model.embedItems as (modality: string, items: readonly unknown[]) => Promise<Tensor2D>;
  const rows: Tensor2D[] = [];
  for (const [name, list] of Object.entries(items)) rows.push(await embed(name, list));
  return tf.concat(rows, 0);
};

/** One of every kind of model, with what shows that it is the same. */
export const kinds: Readonly<Record<string, Kind>> = {
  'dual encoder of our own encoders': kind({
    make: async () =>
      dualEncoder({ encoders: { image: image(), text: text() }, dimension: 5, seed: 1, locked: ['image'], bias: true }),
    probe: (model) => side(model, { image: pictures, text: texts }),
  }),
  'dual encoder of encoders of Hugging Face': kind({
    make: async (folder) =>
      dualEncoder({
        encoders: {
          image: await loadImageEncoder(folder('vit')),
          text: await loadTextEncoder(folder('sentence_mean'), { maximumLength: 4, pooling: 'max' }),
        },
        dimension: 6,
        seed: 1,
      }),
    probe: (model) => side(model, { image: pictures, text: texts }),
  }),
  'dual encoder of three modalities, one without projection, names of its own': kind({
    make: async () =>
      dualEncoder({
        encoders: { photo: image(), sound: spectra(), caption: bag() },
        dimension: 6,
        seed: 1,
        unprojected: ['photo'],
        maximumScale: Number.POSITIVE_INFINITY,
        weights: { 'photo-caption': 2 },
      }),
    probe: (model) => side(model, { photo: pictures, sound: recordings, caption: texts }),
  }),
  'dual encoder that shares one encoder': kind({
    make: async () => {
      const shared = text();
      return dualEncoder({ encoders: { question: shared, answer: shared }, dimension: 4, seed: 1 });
    },
    probe: (model) => side(model, { question: texts, answer: texts }),
  }),
  'multimodal autoencoder': kind({
    make: async () =>
      multimodalAutoencoder({
        modalities: {
          image: {
            encoder: features(),
            decoder: convolutionalDecoder({ latentDimension: 4, size: 8, blocks: 1, width: 2, seed: 1 }),
            reconstruction: squaredError({ input: 'features' }),
          },
          audio: {
            encoder: audio(),
            decoder: denseDecoder({ latentDimension: 4, outputDimension: 7, seed: 1 }),
            reconstruction: squaredError({ input: 'waveform' }),
            weight: 2,
          },
        },
        dimension: 4,
        seed: 1,
      }),
    probe: async (model) => {
      const rows = { image: { features: values([2, 6], 1) } };
      const latents = await side(model, { image: [[1, 2, 3, 4, 5, 6]], audio: recordings });
      const [pixels, other] = [model.reconstruct(rows, { to: 'image' }), model.reconstruct(rows, { to: 'audio' })];
      return tf.concat([pixels, other, latents].map((part) => tf.reshape(part, [-1])));
    },
  }),
  procrustes: kind({
    make: () => procrustes(values([9, 4], 1), values([9, 4], 2), { centered: true, scaled: true }),
    probe: async (model) => tf.concat([model.embedA(values([3, 4], 3)), model.embedB(values([3, 4], 4))]),
  }),
  'least squares': kind({
    make: () => leastSquares(values([9, 4], 1), values([9, 3], 2), { regularisation: 1 }),
    probe: async (model) => tf.concat([model.embedA(values([3, 4], 3)), model.embedB(values([3, 3], 4))]),
  }),
  'transport alignment': kind({
    make: () => transportAlignment(values([6, 3], 1), values([7, 3], 2), { rounds: 2, iterations: 10 }),
    probe: async (model) => tf.concat([model.embedA(values([3, 3], 3)), model.embedB(values([3, 3], 4))]),
  }),
  'contrastive projections': kind({
    make: () => contrastiveProjections(values([16, 4], 1), values([16, 3], 2), { dimension: 2, seed: 1, epochs: 2 }),
    probe: async (model) => tf.concat([model.embedA(values([3, 4], 3)), model.embedB(values([3, 3], 4))]),
  }),
  'linear embedding': kind({
    make: async () => linearEmbedding({ inputDimension: 4, dimension: 3, seed: 7 }),
    probe: async (model) => model.apply(values([2, 4], 1)),
  }),
  'fusion classifier': kind({
    make: async () =>
      fusionClassifier({
        encoders: { image: image(), audio: spectra() },
        classes: 3,
        strategy: gated({ dimension: 7 }),
        seed: 1,
      }),
    probe: (model) => model.classifyItems({ image: pictures, audio: [recordings[0], undefined, recordings[1]] }),
  }),
  'fusion classifier with cross attention': kind({
    make: async () =>
      fusionClassifier({
        encoders: { image: image(), text: text() },
        classes: 3,
        strategy: crossAttention({ dimension: 8, heads: 2, readers: ['text'] }),
        hidden: [],
        seed: 1,
      }),
    probe: (model) => model.classifyItems({ image: pictures, text: texts }),
  }),
  'match model': kind({
    make: async () => matchModel({ encoders: { text: bag(), audio: audio() }, hidden: 6, seed: 1 }),
    probe: async (model) => {
      const scores = model.scores({ text: await bag().prepare(texts), audio: await audio().prepare(recordings) });
      return scores;
    },
  }),
  'question answering': kind({
    make: async () =>
      questionAnswering({
        image: image(),
        question: bag(),
        answers: ['yes', 'no'],
        strategy: lowRankBilinear({ rank: 5 }),
        seed: 1,
      }),
    probe: async (model) => {
      const answers = await model.answerItems(pictures, texts, { count: 2 });
      return tf.tensor1d(
        answers.flatMap((row) => row.map(({ answer, probability }) => (answer === 'yes' ? 1 : -1) * probability)),
      );
    },
  }),
  'co-attention matcher': kind({
    make: async () =>
      coAttentionMatcher({
        encoders: { image: image(), text: text() },
        dimension: 5,
        pooling: meanScore(),
        weighted: true,
        objective: contrastiveObjective({ temperature: 0.1 }),
        sharpness: { 'text-image': 3 },
        damping: 0.3,
        seed: 1,
      }),
    probe: async (model) => {
      const regions = model.places('image', await image().prepare(pictures));
      return model.scores(regions, model.places('text', await text().prepare(texts)));
    },
  }),
  'conditional GAN of pictures': kind({
    make: async () =>
      conditionalGan({
        conditionDimension: 5,
        latentDimension: 6,
        size: 8,
        width: 4,
        augmentation: { dimension: 4 },
        gradientPenalty: { kind: 'r1', weight: 2 },
        seed: 'a text',
      }),
    probe: async (model) => {
      const drawn = model.generate(values([2, 5], 1), { random: new Random(1) });
      return tf.concat([tf.reshape(drawn, [-1]), model.score(drawn, values([2, 5], 1))]);
    },
  }),
  'conditional GAN in two stages': kind({
    make: async () => {
      const settings = { conditionDimension: 5, latentDimension: 6, channels: 1, width: 4 };
      const first = conditionalGan({ ...settings, size: 8, seed: 1 });
      return conditionalGan({
        ...settings,
        firstStage: first.generator,
        augmentation: { dimension: 4 },
        size: 16,
        seed: 2,
      });
    },
    probe: async (model) => model.generate(values([2, 5], 1), { random: new Random(1) }),
  }),
  'conditional GAN with a text encoder inside': kind({
    make: async () =>
      conditionalGan({ conditionDimension: 8, latentDimension: 6, size: 8, width: 4, encoder: text(), seed: 1 }),
    probe: async (model) => model.generate(await text().prepare(texts), { random: new Random(1) }),
  }),
  'conditional GAN of networks of its own': kind({
    make: async () =>
      conditionalGan({
        conditionDimension: 3,
        latentDimension: 4,
        generator: denseGenerator({
          outputDimension: 6,
          latentDimension: 4,
          conditionDimension: 3,
          activation: 'linear',
        }),
        discriminator: denseDiscriminator({ inputDimension: 6, conditionDimension: 3 }),
        seed: 1,
      }),
    probe: async (model) => {
      const drawn = model.generate(values([2, 3], 1), { random: new Random(1) });
      return tf.concat([tf.reshape(drawn, [-1]), model.score(drawn, values([2, 3], 1))]);
    },
  }),
  GAN: kind({
    make: async () =>
      gan({
        generator: denseGenerator({ outputDimension: 2, latentDimension: 3, activation: 'linear', seed: 1 }),
        discriminator: denseDiscriminator({ inputDimension: 2, seed: 1 }),
        range: [-3, 5],
      }),
    probe: async (model) => {
      const drawn = model.generate(4, { random: new Random(1) });
      return tf.concat([tf.reshape(drawn, [-1]), model.score(drawn)]);
    },
  }),
  'embedding GAN': kind({
    make: async () => embeddingGan({ dimensionA: 3, dimensionB: 4, hidden: [5], cycleWeight: 1, seed: 2 }),
    probe: async (model) =>
      tf.concat([
        tf.reshape(model.forward(values([2, 3], 1)), [-1]),
        tf.reshape(model.backward(values([2, 4], 2)), [-1]),
      ]),
  }),
  VAE: kind({
    make: async () =>
      vae({
        encoder: convolutionalInference({ size: 8, channels: 1, blocks: 2, width: 3, features: 7, seed: 1 }),
        decoder: convolutionalDecoder({ latentDimension: 3, size: 8, channels: 1, blocks: 2, width: 3, seed: 1 }),
        beta: 4,
      }),
    probe: async (model) => model.reconstruct(values([2, 8, 8, 1], 1)),
  }),
  'conditional VAE with a Gaussian': kind({
    make: async () =>
      vae({
        encoder: denseInference({ inputDimension: 6, conditionDimension: 2, hidden: [5] }),
        decoder: denseDecoder({ latentDimension: 2, outputDimension: 12, conditionDimension: 2, hidden: [5] }),
        conditionDimension: 2,
        likelihood: gaussian({ standardDeviation: 'learned', leastLogVariance: -3 }),
      }),
    probe: async (model) => {
      const condition = values([3, 2], 1);
      const { loss } = model.loss({ x: values([3, 6], 4), condition });
      return tf.concat([
        tf.reshape(model.sample(3, { condition, random: new Random(2) }), [-1]),
        tf.reshape(loss, [1]),
      ]);
    },
  }),
  'importance-weighted VAE of texts': kind({
    make: async () =>
      vae({
        encoder: bag(),
        decoder: denseDecoder({ latentDimension: 2, outputDimension: 4 * 5, hidden: [] }),
        likelihood: categorical({ classes: 5, padding: 0 }),
        objective: 'importance-weighted',
        samples: 3,
        seed: 'words',
      }),
    probe: async (model) => {
      const inputs = await bag().prepare(texts);
      const target = tf.tensor2d([1, 2, 3, 0, 4, 4, 0, 0, 1, 1, 1, 1], [3, 4], 'int32');
      return model.logWeights({ inputs, target }, { samples: 2, random: new Random(3) });
    },
  }),
  'multimodal VAE': kind({
    make: async () =>
      multimodalVae({
        modalities: {
          image: {
            encoder: denseInference({ inputDimension: 6, hidden: [5] }),
            decoder: denseDecoder({ latentDimension: 2, outputDimension: 6, hidden: [5] }),
          },
          text: {
            encoder: bag(),
            decoder: denseDecoder({ latentDimension: 2, outputDimension: 3, hidden: [] }),
            likelihood: categorical({ classes: 3 }),
            weight: 2,
          },
        },
        fusion: productOfExperts({ subsampling: false }),
        seed: 3,
      }),
    probe: async (model) => model.generate({ image: values([2, 6], 1) }, { to: 'text' }),
  }),
};

/** Moves every weight, so that nothing that the seed makes again passes for what was saved. */
export function disturb(model: object): void {
  const { namedVariables } = model as { namedVariables?: () => NamedVariables };
  Object.values(namedVariables?.() ?? {}).forEach((variable, i) => {
    // Variances must stay positive.
    tf.tidy(() => variable.assign(tf.add(variable, tf.mul(0.05, tf.abs(values(variable.shape, 100 + i))))));
  });
}
