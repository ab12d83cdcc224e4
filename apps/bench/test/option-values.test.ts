import * as adaptation from '@crossmodal/adaptation';
import * as alignment from '@crossmodal/alignment';
import * as core from '@crossmodal/core';
import * as data from '@crossmodal/core/data';
import { useDevice } from '@crossmodal/core/device';
import * as layers from '@crossmodal/core/layers';
import * as metrics from '@crossmodal/core/metrics';
import * as models from '@crossmodal/core/models';
import * as schedules from '@crossmodal/core/schedules';
import * as train from '@crossmodal/core/train';
import * as sequences from '@crossmodal/encoder-decoder';
import * as audio from '@crossmodal/encoders-audio';
import * as text from '@crossmodal/encoders-text';
import * as vision from '@crossmodal/encoders-vision';
import * as gans from '@crossmodal/gan';
import * as losses from '@crossmodal/losses';
import * as vaes from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

beforeAll(() => useDevice('js'));

const x = () =>
  tf.tensor2d([
    [1, 2],
    [3, 5],
    [2, 1],
    [0, 1],
  ]);
const y = () =>
  tf.tensor2d([
    [2, 2],
    [1, 5],
    [2, 7],
    [3, 1],
  ]);
const v = () => tf.tensor1d([0.5, -1, 2, 0.1]);
const ids = [0, 1, 0, 1];
const sound = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i / 7));
const picture = { data: Float32Array.from({ length: 48 }, (_, i) => i / 48), shape: [4, 4, 3] as const };
const tokenizer = () => text.wordTokenizer({ corpus: ['a b'] });
/** A value that no option has. */
const bad = 'nope' as never;

/** Every option of a public function that is one of a few names. */
const cases: Readonly<Record<string, () => unknown>> = {
  'hadsellContrastive distance': () =>
    losses.hadsellContrastive(x(), y(), tf.tensor1d([1, 0, 1, 0]), { distance: bad }),
  'marginContrastive distance': () => losses.marginContrastive(x(), y(), { distance: bad }),
  'tripletLoss distance': () => losses.tripletLoss(x(), y(), { distance: bad }),
  'tripletLoss triplets': () => losses.tripletLoss(x(), y(), { triplets: bad }),

  'discriminatorLoss kind': () => losses.discriminatorLoss(v(), v(), { kind: bad }),
  'generatorLoss kind': () => losses.generatorLoss(v(), { kind: bad }),
  'alignmentAngle unit': () => losses.alignmentAngle(x(), y(), { unit: bad }),
  'alignmentDistance distance': () => losses.alignmentDistance(x(), y(), { distance: bad }),
  'semanticSimilarity over': () => losses.semanticSimilarity(x(), y(), { over: bad } as never),
  'distanceContrastive distance': () => losses.distanceContrastive(x(), y(), { distance: bad }),
  'distanceContrastive multiPositive': () => losses.distanceContrastive(x(), y(), { multiPositive: bad }),
  pairedDistance: () => losses.pairedDistance(x(), y(), { distance: bad }),
  pairwiseDistance: () => losses.pairwiseDistance(x(), y(), { distance: bad }),
  hsic: () => losses.hsic(x(), y(), { normaliser: bad } as never),
  'gaussianKernel sigma': () => losses.gaussianKernel({ sigma: bad })(x()),
  'mmd estimator': () => losses.mmd(x(), y(), { estimator: bad }),
  'sinkhornCost objective': () => losses.sinkhornCost(x(), y(), { objective: bad } as never),
  'sinkhornDivergence objective': () => losses.sinkhornDivergence(x(), y(), { objective: bad } as never),
  'sinkhornDivergence distance': () => losses.sinkhornDivergence(x(), y(), { distance: bad } as never),
  'infoNce multiPositive': () => losses.infoNce(x(), y(), { multiPositive: bad }),
  'infoNce similarity': () => losses.infoNce(x(), y(), { similarity: bad }),
  'infoNce reduction': () => losses.infoNce(x(), y(), { reduction: bad }),
  'crossEntropy reduction': () => losses.crossEntropy(x(), tf.tensor1d([0, 1, 0, 1], 'int32'), { reduction: bad }),
  'supCon multiPositive': () => losses.supCon(x(), ids, { multiPositive: bad }),
  coincidence: () => alignment.coincidence(x(), y(), { constraint: bad } as never),
  exactIndex: () => alignment.exactIndex({ dimension: 2, similarity: bad }),
  mineHardNegatives: () => alignment.mineHardNegatives(x(), y(), { positives: [[0], [1], [2], [3]], choice: bad }),
  'retrievalMetrics relevant': () => alignment.retrievalMetrics(x(), y(), { relevant: bad }),
  'retrievalMetrics similarity': () => alignment.retrievalMetrics(x(), y(), { similarity: bad }),
  'scoreMetrics relevant': () => alignment.scoreMetrics(tf.eye(4), { relevant: bad }),
  'cdan normalisation': () =>
    adaptation.cdan({
      features: adaptation.digitFeatures({ seed: 1 }),
      classes: 2,
      seed: 1,
      lambda: 1,
      normalisation: bad,
    } as never),
  'dan estimator': () =>
    adaptation.dan({ features: adaptation.digitFeatures({ seed: 1 }), classes: 2, seed: 1, estimator: bad } as never),
  'dann domainReduction': () =>
    adaptation.dann({
      features: adaptation.digitFeatures({ seed: 1 }),
      classes: 2,
      seed: 1,
      lambda: 1,
      domainReduction: bad,
    } as never),
  digitFeatures: () => adaptation.digitFeatures({ seed: 1, normalisation: bad }),
  'bleu tokenization': () => sequences.bleu(['a b'], [['a b']], { tokenization: bad } as never),
  'bleu smoothing': () => sequences.bleu(['a b'], [['a b']], { smoothing: bad } as never),
  rougeL: () => sequences.rougeL(['a b'] as never, [['a b']] as never, { convention: bad } as never),
  'convolutional fit': () => vision.convolutionalEncoder({ size: 8, dimension: 2, seed: 1, fit: bad }),
  'convolutional kernel': () => vision.convolutionalEncoder({ size: 8, dimension: 2, seed: 1, kernel: bad }),
  'residual stem': () => vision.residualEncoder({ depth: 18, size: 32, dimension: 2, seed: 1, stem: bad } as never),
  'residual kernel': () => vision.residualEncoder({ depth: 18, size: 32, dimension: 2, seed: 1, kernel: bad } as never),
  'vit pooling': () =>
    vision.visionTransformerEncoder({
      size: 16,
      patch: 8,
      layers: 1,
      heads: 2,
      dimension: 4,
      seed: 1,
      pooling: bad,
    } as never),
  'decodeImage fit': () => vision.decodeImage(new Uint8Array(3), { fit: bad }),
  'imageDecoder kernel': () => vision.imageDecoder({ kernel: bad }),
  'loadImages fit': () => vision.loadImages([picture as never], { fit: bad }),
  centerCrop: () => vision.centerCrop(picture, { height: 2, width: 3, rounding: bad }),
  'fitInto kernel': () => vision.fitInto(picture, { height: 2, width: 2, kernel: bad }),
  'resize kernel': () => vision.resize(picture, { height: 2, width: 2, kernel: bad }),
  'audioDecoder features': () => audio.audioDecoder({ features: bad, workers: 1 } as never),
  'specAugment value': () =>
    audio.specAugment(
      { data: sound.slice(0, 400), shape: [20, 20] } as never,
      { random: new core.Random(1), value: bad } as never,
    ),
  powerToDecibels: () =>
    audio.powerToDecibels({ data: sound.slice(0, 400), shape: [20, 20] } as never, { reference: bad } as never),
  'delta edge': () => audio.delta({ data: sound.slice(0, 400), shape: [20, 20] }, { edge: bad } as never),
  'griffinLim padding': () =>
    audio.griffinLim({ data: new Float32Array(20 * 257).fill(1), shape: [20, 257] }, { padding: bad } as never),
  'inverseStft padding': () => audio.inverseStft(audio.stft(sound), { padding: bad } as never),
  hertzToMel: () => audio.hertzToMel(100, { scale: bad } as never),
  melToHertz: () => audio.melToHertz(100, { scale: bad } as never),
  'melFilterbank scale': () => audio.melFilterbank({ sampleRate: 8000, fftSize: 512, bands: 8, scale: bad } as never),
  'melFilterbank normalization': () =>
    audio.melFilterbank({ sampleRate: 8000, fftSize: 512, bands: 8, normalization: bad } as never),
  'logMel padding': () => audio.logMel(sound, { sampleRate: 8000, padding: bad } as never),
  'mfcc padding': () => audio.mfcc(sound, { sampleRate: 8000, padding: bad } as never),
  'stft padding': () => audio.stft(sound, { padding: bad }),
  'spectralCentroid padding': () => audio.spectralCentroid(sound, { sampleRate: 8000, padding: bad } as never),
  'spectrogramEncoder standardize': () =>
    audio.spectrogramEncoder({
      dimension: 4,
      sampleRate: 8000,
      seconds: 0.2,
      bands: 8,
      seed: 1,
      standardize: bad,
    } as never),
  'spectrogramEncoder scale': () =>
    audio.spectrogramEncoder({ dimension: 4, sampleRate: 8000, seconds: 0.2, bands: 8, seed: 1, scale: bad } as never),
  'spectrogramEncoder normalization': () =>
    audio.spectrogramEncoder({
      dimension: 4,
      sampleRate: 8000,
      seconds: 0.2,
      bands: 8,
      seed: 1,
      normalization: bad,
    } as never),
  'audioTransformer positions': () =>
    audio.audioTransformerEncoder({
      dimension: 4,
      heads: 2,
      layers: 1,
      sampleRate: 8000,
      seconds: 0.2,
      bands: 8,
      seed: 1,
      positions: bad,
    } as never),
  'audioTransformer standardize': () =>
    audio.audioTransformerEncoder({
      dimension: 4,
      heads: 2,
      layers: 1,
      sampleRate: 8000,
      seconds: 0.2,
      bands: 8,
      seed: 1,
      standardize: bad,
    } as never),
  encodeWav: () => audio.encodeWav({ samples: sound, sampleRate: 8000 }, { encoding: bad }),
  'gru pooling': () => text.gruEncoder({ tokenizer: tokenizer(), dimension: 4, seed: 1, pooling: bad } as never),
  'lstm cell': () => text.lstmEncoder({ tokenizer: tokenizer(), dimension: 4, seed: 1, cell: bad } as never),
  'transformer pooling': () =>
    text.transformerEncoder({
      tokenizer: tokenizer(),
      dimension: 4,
      heads: 2,
      layers: 1,
      seed: 1,
      pooling: bad,
    } as never),
  'transformer positions': () =>
    text.transformerEncoder({
      tokenizer: tokenizer(),
      dimension: 4,
      heads: 2,
      layers: 1,
      seed: 1,
      positions: bad,
    } as never),
  'transformer normalization': () =>
    text.transformerEncoder({
      tokenizer: tokenizer(),
      dimension: 4,
      heads: 2,
      layers: 1,
      seed: 1,
      normalization: bad,
    } as never),
  'encodeBatch length': () =>
    text.encodeBatch(['a'], { tokenizer: tokenizer(), maximumLength: 4, length: bad } as never),
  'gan loss': () =>
    gans.gan({
      generator: gans.denseGenerator({ outputDimension: 2, latentDimension: 3, hidden: [4] }),
      discriminator: gans.denseDiscriminator({ inputDimension: 2, hidden: [4] }),
      loss: bad,
    }),
  'embeddingGan loss': () => gans.embeddingGan({ dimensionA: 2, dimensionB: 2, loss: bad } as never),
  interpolateConditions: () => gans.interpolateConditions(tf.ones([1, 2]), tf.ones([1, 2]), { steps: 3, path: bad }),
  'denseGenerator activation': () => gans.denseGenerator({ outputDimension: 2, latentDimension: 3, activation: bad }),
  'imageDiscriminator conditioning': () =>
    gans.imageDiscriminator({ size: 16, channels: 1, conditionDimension: 2, conditioning: bad } as never),
  'imageGenerator normalization': () =>
    gans.imageGenerator({ size: 16, channels: 1, latentDimension: 2, normalization: bad } as never),
  'ssim window': () =>
    vaes.structuralSimilarity(
      tf.ones([1, 16, 16, 1]) as never,
      tf.ones([1, 16, 16, 1]) as never,
      { window: bad } as never,
    ),
  'kernelDensity bandwidth': () => vaes.fitKernelDensity(x(), { bandwidth: bad } as never),
  'gaussian sd': () => vaes.gaussian({ standardDeviation: bad }),
  'denseDecoder activation': () =>
    vaes.denseDecoder({ latentDimension: 1, outputDimension: 4, hidden: [2], activation: bad } as never),
  'vae objective': () =>
    vaes.vae({
      encoder: vaes.denseInference({ inputDimension: 4, hidden: [2] }),
      decoder: vaes.denseDecoder({ latentDimension: 1, outputDimension: 4, hidden: [] }),
      objective: bad,
    } as never),
  interpolateVectors: () =>
    core.interpolateVectors(
      tf.tensor1d([1, 0]) as never,
      tf.tensor1d([0, 1]) as never,
      { steps: 3, path: bad } as never,
    ),
  'joinCaptions by': () => data.joinCaptions([{ origin: 'x', texts: [], nope: 'p' }] as never, { by: bad }),
  'padded dtype': () => data.padded((r: number[]) => r, { dtype: bad })([[1]] as never),
  'padded longer': () => data.padded((r: number[]) => r, { longer: bad, maximum: 1 })([[1, 2]] as never),
  'scalars dtype': () => data.scalars((r: number) => r, { dtype: bad })([1] as never),
  'stacked dtype': () => data.stacked((r: number[]) => r, { dtype: bad })([[1]] as never),
  'manifest format': () => data.manifest('x', { format: bad }),
  'pairedFolder incomplete': () => data.pairedFolder('packages', { incomplete: bad }),
  'zip until': () => data.zip({ a: data.pipeline([1]) } as never, { until: bad } as never),
  'maskedPooling mode': () => layers.maskedPooling({ mode: bad }),
  'poolSequence mode': () =>
    layers.poolSequence(tf.ones([1, 2, 3]) as never, tf.ones([1, 2]) as never, { mode: bad } as never),
  'multiHeadAttention attendsTo': () => layers.multiHeadAttention({ heads: 2, seed: 1, attendsTo: bad } as never),
  'positionEmbedding kind': () => layers.positionEmbedding({ seed: 1, kind: bad, length: 4 } as never),
  'transformerBlock activation': () => layers.transformerBlock({ heads: 2, seed: 1, activation: bad } as never),
  'transformerBlock normalization': () => layers.transformerBlock({ heads: 2, seed: 1, normalization: bad } as never),
  'openFolder links': () => models.openFolder('docs', { links: bad }),
  'fit progress': () => train.fit({} as never, {} as never, { steps: 1, progress: bad }),
  'prf average': () => metrics.precisionRecallF1([0, 1], [0, 1], { average: bad } as never),
  'rocOvR absent': () =>
    metrics.rocAucOneVersusRest(
      [
        [0.8, 0.2],
        [0.3, 0.7],
      ],
      [0, 1],
      { absent: bad },
    ),
  'plateau better': () => schedules.plateau({ from: 0.1, better: bad } as never),
  'oneCycle shape': () => schedules.oneCycle({ peak: 0.1, steps: 10, shape: bad }),
};

it.each(Object.entries(cases))('%s refuses a name that it does not know, and says which there are', async (_, call) => {
  const error = await (async () => call())().catch((thrown: unknown) => thrown);
  expect(core.CrossmodalError.isInstance(error), String(error)).toBe(true);
  expect((error as Error).message).toContain('nope');
});

it('a name that was nearly right is told', () => {
  expect(() => vision.resize(picture, { height: 2, width: 2, kernel: 'bilinaer' as never })).toThrow(
    "did you mean 'bilinear'?",
  );
});
