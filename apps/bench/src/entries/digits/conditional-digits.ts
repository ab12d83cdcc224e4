import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
import { adam } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import { classifierConsistency, intraClassDistance } from '@crossmodal/gan';
import { denseDecoder, denseInference, type Vae, type VaeBatch, vae } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import { digitNames } from '../../data/moving-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { imagesOf } from '../shared/images.js';
import { trainToEnd } from '../shared/train.js';
import { binarised } from './binarised.js';
import { type DigitJudge, type DigitJudgeSettings, digitJudge } from './digit-judge.js';
import { greyPicture, pngsOf } from './picture-rows.js';

interface ConditionalDigitsSettings {
  hidden: number;
  latentDimension: number;
  steps: number;
  batchSize: number;
  judge: Omit<DigitJudgeSettings, 'size'>;
  drawsPerDigit: number;
  /** Test pictures of the likelihood, and latents per picture. */
  test: number;
  testSamples: number;
}

const settings: Settings<ConditionalDigitsSettings> = {
  quick: {
    ...{ hidden: 200, latentDimension: 50, steps: 6000, batchSize: 100 },
    judge: { channels: [16, 32, 64], steps: 500, batchSize: 64 },
    ...{ drawsPerDigit: 60, test: 500, testSamples: 500 },
  },
  smoke: {
    ...{ hidden: 8, latentDimension: 4, steps: 2, batchSize: 10 },
    judge: { channels: [4], steps: 2, batchSize: 8 },
    ...{ drawsPerDigit: 2, test: 10, testSamples: 4 },
  },
};

export const conditionalDigitsEntry: Entry = {
  id: 'conditional-vae',
  paradigm: 'conditional variational autoencoder',
  title: 'Write the digit that was asked for',
  question: 'Does a VAE that is told the digit draw it, and is a picture cheaper for it?',
  run: runConditionalDigits,
};

async function runConditionalDigits(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle, dataFolder } = context;
  const own = settings[preset];
  const { steps, batchSize, judge: ofJudge, drawsPerDigit } = own;
  const { train, test } = await mnist({ data: dataFolder });
  const judge = await digitJudge(
    (index) => greyPicture(train, index),
    train.labels,
    { size: 28, ...ofJudge },
    { seed, follow: context.follow('judge', ofJudge.steps) },
  );
  // Control: every picture is told to be another digit, the same one throughout.
  const told = shuffle ? new Random(seed).fork('control').shuffle([...train.labels]) : [...train.labels];
  const places = Array.from({ length: own.test }, (_, index) => index);
  const heldOut = binarised(test, places, { random: new Random('test pictures') });
  const labels = oneHot(places.map((place) => test.labels[place]!));
  const asked = Array.from({ length: 10 * drawsPerDigit }, (_, row) => row % 10);
  const wanted = oneHot(asked);
  const real = await looked(
    judge,
    realOfEach(test.labels, drawsPerDigit).map((place) => greyPicture(test, place)),
    asked,
  );

  const cost = async (model: Vae, condition: tf.Tensor2D | undefined) => {
    const random = new Random(seed).fork('likelihood');
    return -(await model.logLikelihood(heldOut, { random, samples: own.testSamples, condition })).logLikelihood;
  };
  const drawn = async (model: Vae) => {
    const rows = model.sample(asked.length, { random: new Random(seed).fork('judged'), condition: wanted });
    const pictures = tf.reshape(rows, [-1, 28, 28, 1]) as tf.Tensor4D;
    const images = await imagesOf(pictures);
    tf.dispose([rows, pictures]);
    return looked(judge, images, asked);
  };
  const batches = (conditional: boolean) =>
    batchesOf<VaeBatch>(
      train.count,
      (indices, random) => ({
        x: binarised(train, indices, { random }),
        ...(conditional && { condition: oneHot(indices.map((index) => told[index]!)) }),
      }),
      { batchSize, seed },
    );
  const fitted = async (model: Vae, conditional: boolean) =>
    trainToEnd(model, adam({ learningRate: cosine({ from: 1e-3, to: 1e-4, steps }) }), batches(conditional), {
      steps,
      ...context.follow(conditional ? 'told the digit' : 'not told', steps),
    });

  const plain = digitVae(own, { seed, conditionDimension: 0 });
  const plainBefore = await cost(plain, undefined);
  const plainHistory = await fitted(plain, false);
  const plainCost = await cost(plain, undefined);
  plain.dispose();
  const model = digitVae(own, { seed, conditionDimension: 10 });
  const before = { cost: await cost(model, labels), ...(await drawn(model)) };
  const history = await fitted(model, true);
  const after = { cost: await cost(model, labels), ...(await drawn(model)) };
  const figures = [
    await drawingsFigure(model, seed),
    await styleFigure(model, heldOut, labels),
    {
      kind: 'curves' as const,
      title: 'Bounds in training',
      xLabel: 'step',
      yLabel: 'nats per picture',
      series: [
        { name: 'not told', points: trainingCurve(plainHistory).slice(5) },
        { name: 'told the digit', points: trainingCurve(history).slice(5) },
      ],
    },
  ];
  model.dispose();
  judge.dispose();
  tf.dispose([heldOut, labels, wanted]);
  const row = (
    metric: string,
    better: Row['better'],
    chance: number | null,
    untrained: number,
    value: number,
  ): Row => ({
    ...{ metric, better, chance, untrained, value },
    published: null,
  });
  const share = (name: 'pixels' | 'features') => [before[name] / real[name], after[name] / real[name]] as const;
  return {
    rows: [
      row('right digit, by a separate classifier', 'higher', 0.1, before.accuracy, after.accuracy),
      row('diversity within a digit, share of that of real ones: pixels', 'higher', 0, ...share('pixels')),
      row(
        "diversity within a digit, share of that of real ones: the classifier's features",
        'higher',
        0,
        ...share('features'),
      ),
      row('negative log likelihood, not told the digit, nats per picture', 'lower', null, plainBefore, plainCost),
      row('negative log likelihood, told the digit, nats per picture', 'lower', null, before.cost, after.cost),
    ],
    summary:
      `Two VAEs of equal networks, 784-${own.hidden}-${own.hidden}-${own.latentDimension}; encoder and decoder of one are told the digit. Its drawings, from latents of the ` +
      `prior, are judged by a classifier that saw real digits only (right on ${Math.round(100 * real.accuracy)} of 100 real ones). To name one of ten digits costs up to ` +
      'log 10 = 2.3 nats: so much, and no more, can a picture be cheaper for who knows it.',
    facts: { 'Training pictures': train.count, 'Drawings per digit': drawsPerDigit, Steps: steps },
    figures,
  };
}

function digitVae(
  { hidden, latentDimension }: ConditionalDigitsSettings,
  { seed, conditionDimension }: { seed: number; conditionDimension: number },
): Vae {
  const layers = { hidden: [hidden, hidden], conditionDimension, seed };
  return vae({
    encoder: denseInference({ inputDimension: 784, ...layers }),
    decoder: denseDecoder({ latentDimension, outputDimension: 784, ...layers }),
    conditionDimension,
    seed,
  });
}

/** What the judge makes of pictures of the digits that were asked for, and how far those of one digit differ. */
async function looked(judge: DigitJudge, images: Parameters<DigitJudge['look']>[0], asked: readonly number[]) {
  const { scores, features } = await judge.look(images);
  const pixels = tf.tidy(() => tf.stack(images.map(({ data }) => tf.tensor1d(Float32Array.from(data)))) as tf.Tensor2D);
  const result = {
    accuracy: (await classifierConsistency(scores, [...asked])).accuracy,
    pixels: await intraClassDistance(pixels, [...asked]),
    features: await intraClassDistance(features, [...asked]),
  };
  tf.dispose([scores, features, pixels]);
  return result;
}

async function drawingsFigure(model: Vae, seed: number): Promise<EntryOutcome['figures'][number]> {
  const random = new Random(seed).fork('figures');
  const rows: { label: string; pictures: Uint8Array[] }[] = [];
  for (const [digit, name] of digitNames.entries()) {
    const condition = oneHot(Array.from({ length: 10 }, () => digit));
    const drawn = model.sample(10, { random, condition }) as tf.Tensor2D;
    rows.push({ label: name, pictures: await pngsOf(drawn) });
    tf.dispose([condition, drawn]);
  }
  return { kind: 'pictures', title: 'Drawings', caption: 'Ten latents of the prior for each digit.', rows };
}

/** The latent of a test picture, under its own digit, drawn under all. */
async function styleFigure(model: Vae, x: tf.Tensor2D, labels: tf.Tensor2D): Promise<EntryOutcome['figures'][number]> {
  const rows: { pictures: Uint8Array[] }[] = [];
  for (let row = 0; row < 5; row++) {
    const [picture, drawn] = tf.tidy(() => {
      const own = tf.slice(x, row, 1);
      const { mean } = model.posterior(own, { condition: tf.slice(labels, row, 1) });
      const latents = tf.tile(mean, [10, 1]) as tf.Tensor2D;
      return [own, model.likelihood.mean(model.decode(latents, { condition: oneHot([...digitNames.keys()]) }))] as [
        tf.Tensor2D,
        tf.Tensor2D,
      ];
    });
    rows.push({ pictures: [...(await pngsOf(picture)), ...(await pngsOf(drawn))] });
    tf.dispose([picture, drawn]);
  }
  return {
    kind: 'pictures',
    title: 'One hand, all digits',
    caption: 'A test picture, and its latent drawn under each digit.',
    headings: ['test', ...digitNames],
    rows,
  };
}

/** Places of the digits 0 to 9, over and over. */
function realOfEach(labels: ArrayLike<number>, times: number): number[] {
  const places = Array.from({ length: 10 }, (): number[] => []);
  Array.from(labels).forEach((label, index) => {
    places[label]!.push(index);
  });
  return Array.from({ length: 10 * times }, (_, row) => places[row % 10]![Math.floor(row / 10)]!);
}

function oneHot(digits: readonly number[]): tf.Tensor2D {
  return tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([...digits], 'int32'), 10), 'float32') as tf.Tensor2D);
}
