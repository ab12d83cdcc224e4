import { Random } from '@crossmodal/core';
import { type LabelledImages, mnist } from '@crossmodal/core/data/sets';
import { adam } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { denseDecoder, denseInference, fitGaussianMixture, type Vae, vae } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../../presets.js';
import type { PictureFile } from '../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { binarised } from './binarised.js';
import { pngsOf } from './picture-rows.js';

interface BinarisedDigitsSettings {
  steps: number;
  batchSize: number;
  /** Latents per picture in the training of the importance-weighted model. */
  samples: number;
  /** Test pictures and latents per picture of the measured likelihood. */
  test: number;
  testSamples: number;
  hidden: number;
  latentDimension: number;
  /** Gaussians fitted to the latents. */
  components: number;
}

const settings: Settings<BinarisedDigitsSettings> = {
  quick: {
    steps: 1500,
    batchSize: 100,
    samples: 5,
    test: 500,
    testSamples: 500,
    hidden: 200,
    latentDimension: 50,
    components: 10,
  },
  smoke: {
    steps: 3,
    batchSize: 10,
    samples: 2,
    test: 10,
    testSamples: 4,
    hidden: 8,
    latentDimension: 4,
    components: 2,
  },
};

/** Pictures per row of the figures. */
const shown = 10;

export const binarisedDigitsEntry: Entry = {
  id: 'vae-digits',
  paradigm: 'variational autoencoder',
  title: 'How probable is a handwritten digit?',
  question:
    'Is a model trained on the importance-weighted bound a better density than a plain VAE after equally many steps?',
  run: runBinarisedDigits,
};

async function runBinarisedDigits(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle, dataFolder } = context;
  const own = settings[preset];
  const { steps, batchSize, samples, hidden, latentDimension, components } = own;
  const { train, test } = await mnist({ data: dataFolder });
  const order = shuffle ? new Random(seed).fork('control').shuffle([...Array(784).keys()]) : undefined;
  // Binarised anew each time a picture is seen; test pictures once and for all.
  const data = batchesOf(train.count, (indices, random) => ({ x: binarised(train, indices, { random, order }) }), {
    batchSize,
    seed,
  });
  const places = Array.from({ length: own.test }, (_, index) => index);
  const heldOut = binarised(test, places, { random: new Random('test pictures') });
  const measure = async (model: Vae) =>
    -(await model.logLikelihood(heldOut, { random: new Random(seed).fork('likelihood'), samples: own.testSamples }))
      .logLikelihood;

  const trained: Record<string, { model: Vae; history: History; untrained: number; value: number }> = {};
  const kinds = {
    VAE: { objective: 'elbo', samples: 1 },
    IWAE: { objective: 'importance-weighted', samples },
  } as const;
  for (const [name, kind] of Object.entries(kinds)) {
    const layers = { hidden: [hidden, hidden], seed };
    const model = vae({
      encoder: denseInference({ inputDimension: 784, ...layers }),
      decoder: denseDecoder({ latentDimension, outputDimension: 784, ...layers }),
      ...kind,
      seed,
    });
    const untrained = await measure(model);
    const optimizer = adam({ learningRate: cosine({ from: 1e-3, to: 1e-4, steps }) });
    const history = await trainToEnd(model, optimizer, data, { steps, ...context.follow(name, steps) });
    trained[name] = { model, history, untrained, value: await measure(model) };
  }
  const chance = costOfMean(train, heldOut);

  const { model } = trained['VAE']!;
  const encoded = binarised(
    train,
    Array.from({ length: Math.min(5000, train.count) }, (_, i) => i),
    {
      random: new Random(seed).fork('latents'),
      order: undefined,
    },
  );
  const posterior = model.posterior(encoded);
  const latents = await fitGaussianMixture(posterior.mean, { components, regularisation: 1e-3, seed });
  const random = new Random(seed).fork('figures');
  const samplesOf = async (options: { latents?: typeof latents }) => {
    const drawn = await picturesOf(() => model.sample(2 * shown, { random, ...options }));
    return [{ pictures: drawn.slice(0, shown) }, { pictures: drawn.slice(shown) }];
  };
  const ends = [0, 1].map((row) => tf.slice(heldOut, row, 1));
  const between: { label: string; pictures: PictureFile[] }[] = [];
  for (const path of ['linear', 'spherical'] as const) {
    between.push({
      label: path,
      pictures: await picturesOf(() => model.interpolate(ends[0]!, ends[1]!, { steps: shown, path })),
    });
  }
  const figures: EntryOutcome['figures'] = [
    {
      kind: 'curves',
      title: 'Bounds in training',
      xLabel: 'step',
      yLabel: 'nats per picture',
      series: Object.entries(trained).map(([name, { history }]) => ({ name, points: trainingCurve(history).slice(5) })),
    },
    {
      kind: 'pictures',
      title: 'Samples, latents from the prior',
      caption: 'The plain VAE.',
      rows: await samplesOf({}),
    },
    {
      kind: 'pictures',
      title: `Samples, latents from ${components} Gaussians fitted to those of the training pictures`,
      caption: 'The same decoder.',
      rows: await samplesOf({ latents }),
    },
    { kind: 'pictures', title: 'Between two test pictures', caption: 'Two ways through the latents.', rows: between },
  ];
  for (const each of Object.values(trained)) each.model.dispose();
  latents.dispose();
  tf.dispose([heldOut, encoded, posterior, ends]);
  const row = (name: keyof typeof kinds, published: number): Row => ({
    metric: `negative log likelihood, ${name}, nats per picture`,
    better: 'lower',
    chance,
    untrained: trained[name]!.untrained,
    value: trained[name]!.value,
    published,
  });
  return {
    rows: [row('VAE', 86.76), row('IWAE', 85.54)],
    summary:
      `Digits of 28x28 pixels, each on or off, drawn anew by its grey value whenever a picture is seen; networks 784-${hidden}-${hidden}-${latentDimension}. ` +
      `The likelihood is estimated with ${own.testSamples} samples of the posterior per test picture. Published (Burda et al., 2016, table 1): the same ` +
      `networks after 3,280 epochs, with 5,000 samples; here it is ${((steps * batchSize) / train.count).toFixed(1)} epochs. ` +
      'Chance is the cost when every pixel is guessed from the mean training picture.',
    facts: {
      'Training pictures': train.count,
      'Test pictures': own.test,
      Steps: steps,
      'Latents per picture (IWAE)': samples,
      'Steps per second (VAE)': trained['VAE']!.history.stepsPerSecond.toFixed(1),
      'Steps per second (IWAE)': trained['IWAE']!.history.stepsPerSecond.toFixed(1),
    },
    figures,
  };
}

/** -log p of the test pictures when each pixel is an independent Bernoulli variable with the mean of training. */
function costOfMean({ images, count }: LabelledImages, test: tf.Tensor2D): number {
  const mean = new Float64Array(784);
  images.forEach((grey, i) => {
    mean[i % 784]! += grey / 255 / count;
  });
  const pixels = test.dataSync();
  let total = 0;
  pixels.forEach((on, i) => {
    const p = Math.min(1 - 1e-6, Math.max(1e-6, mean[i % 784]!));
    total -= on * Math.log(p) + (1 - on) * Math.log(1 - p);
  });
  return total / test.shape[0];
}

/** What is made, rows [count, 784], as PNG files. */
async function picturesOf(make: () => tf.Tensor): Promise<PictureFile[]> {
  const rows = make() as tf.Tensor2D;
  const pictures = await pngsOf(rows);
  rows.dispose();
  return pictures;
}
