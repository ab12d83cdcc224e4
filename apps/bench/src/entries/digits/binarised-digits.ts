import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
import type { History } from '@crossmodal/core/train';
import { fitGaussianMixture, type Vae } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../../presets.js';
import type { PictureFile } from '../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { binarised } from './binarised.js';
import {
  costOf,
  costOfMean,
  type DensityKind,
  type DensitySettings,
  densityKinds,
  densityNames,
  digitDensity,
  trainDensity,
} from './digit-densities.js';
import { pngsOf } from './picture-rows.js';

interface BinarisedDigitsSettings extends DensitySettings {
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
  const trained: Partial<Record<DensityKind, { model: Vae; history: History; untrained: number; value: number }>> = {};
  for (const kind of densityNames) {
    const model = digitDensity(kind, own, seed);
    const untrained = await costOf(model, heldOut, own.testSamples, seed);
    const history = await trainDensity(model, data, own, context.follow(kind, steps));
    trained[kind] = { model, history, untrained, value: await costOf(model, heldOut, own.testSamples, seed) };
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
  const row = (name: DensityKind): Row => ({
    metric: `negative log likelihood, ${name}, nats per picture`,
    better: 'lower',
    chance,
    untrained: trained[name]!.untrained,
    value: trained[name]!.value,
    published: densityKinds[name].published,
  });
  return {
    rows: densityNames.map(row),
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

/** What is made, rows [count, 784], as PNG files. */
async function picturesOf(make: () => tf.Tensor): Promise<PictureFile[]> {
  const rows = make() as tf.Tensor2D;
  const pictures = await pngsOf(rows);
  rows.dispose();
  return pictures;
}
