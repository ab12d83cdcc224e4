import { Random } from '@crossmodal/core';
import { type LabelledImages, mnist } from '@crossmodal/core/data/sets';
import type { Settings } from '../../presets.js';
import type { Figure } from '../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { validationCurve } from '../shared/curve.js';
import { binarised, binarisedOnce } from './binarised.js';
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

interface LikelihoodSettings extends DensitySettings {
  /** Training pictures. */
  limit: number;
  /** Latents per test picture on the way, and steps between two measurements. */
  wayside: number;
  every: number;
}

const settings: Settings<LikelihoodSettings> = {
  // Ten epochs of each of four models.
  quick: {
    ...{ steps: 6000, batchSize: 100, samples: 5, test: 500, testSamples: 5000 },
    ...{ hidden: 200, latentDimension: 50, limit: 60_000, wayside: 100, every: 1000 },
  },
  smoke: {
    ...{ steps: 2, batchSize: 10, samples: 2, test: 10, testSamples: 4 },
    ...{ hidden: 8, latentDimension: 4, limit: 100, wayside: 2, every: 1 },
  },
};

/** pythae's reproductions with pictures binarised once, by their model cards: the IWAE with 5 latents; the VAE is another network, judged with 200 latents. */
const publishedOnce: Record<DensityKind, number> = { VAE: 89.78, IWAE: 87.85 };

export const digitLikelihoodEntry: Entry = {
  id: 'vae-likelihood',
  paradigm: 'variational autoencoder',
  title: 'The likelihood of handwritten digits, epoch by epoch',
  question:
    'How near do a VAE and an IWAE come to the published likelihoods, with pictures binarised anew and once and for all?',
  run: runDigitLikelihood,
};

async function runDigitLikelihood(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle, dataFolder } = context;
  const own = settings[preset];
  const { steps, batchSize, samples, test: count, testSamples, wayside, every } = own;
  const { train: all, test } = await mnist({ data: dataFolder });
  const train = firstOf(all, own.limit);
  // Control: the pixels of the training in another order than those of the test.
  const order = shuffle ? new Random(seed).fork('control').shuffle([...Array(784).keys()]) : undefined;
  const places = Array.from({ length: count }, (_, index) => index);
  const heldOut = binarised(test, places, { random: new Random('test pictures') });
  const chance = costOfMean(train, heldOut);
  const ways = {
    'binarised anew': { set: train, published: (kind: DensityKind) => densityKinds[kind].published },
    'binarised once': {
      set: binarisedOnce(train, new Random('training pictures')),
      published: (kind: DensityKind) => publishedOnce[kind],
    },
  };
  const rows: Row[] = [];
  const figures: Figure[] = [];
  const epochs = (step: number) => (step * batchSize) / train.count;
  for (const [way, { set, published }] of Object.entries(ways)) {
    const data = batchesOf(set.count, (indices, random) => ({ x: binarised(set, indices, { random, order }) }), {
      batchSize,
      seed,
    });
    const series: { name: string; points: [number, number][] }[] = [];
    for (const kind of densityNames) {
      const model = digitDensity(kind, own, seed);
      const untrained = await costOf(model, heldOut, wayside, seed);
      const history = await trainDensity(model, data, own, {
        ...context.follow(`${kind}, ${way}`, steps),
        validate: async () => ({ cost: await costOf(model, heldOut, wayside, seed) }),
        validateEverySteps: every,
      });
      const value = await costOf(model, heldOut, testSamples, seed);
      model.dispose();
      rows.push({
        metric: `negative log likelihood, ${kind}, ${way}, nats per picture`,
        better: 'lower',
        ...{ chance, untrained, value, published: published(kind) },
      });
      series.push({
        name: kind,
        points: validationCurve(history, 'cost').map(([step, cost]) => [epochs(step), cost]),
      });
    }
    figures.push({
      kind: 'curves',
      title: `Test pictures, ${way}, ${wayside} latents each`,
      xLabel: 'epoch',
      yLabel: 'nats per picture',
      series,
      references: densityNames.map((kind) => ({ name: `published ${kind}`, y: published(kind) })),
    });
  }
  heldOut.dispose();
  return {
    rows,
    summary:
      `Networks 784-${own.hidden}-${own.hidden}-${own.latentDimension}, ${epochs(steps).toFixed(0)} epochs for each of four models. The likelihood of ${count} test ` +
      `pictures, binarised once, by importance sampling with ${testSamples} latents each. Published: Burda et al. (2016), table 1, after 3,280 epochs, for pictures ` +
      'binarised anew whenever they are seen; the model cards of pythae for pictures binarised once and for all (its VAE is another network). ' +
      'Chance is the cost when every pixel is guessed from the mean training picture.',
    facts: {
      'Training pictures': train.count,
      'Test pictures': count,
      Steps: steps,
      Epochs: epochs(steps).toFixed(1),
      'Latents per picture (IWAE)': samples,
    },
    figures,
  };
}

function firstOf(digits: LabelledImages, limit: number): LabelledImages {
  const count = Math.min(digits.count, limit);
  return { ...digits, count, images: digits.images.subarray(0, count * 784), labels: digits.labels.subarray(0, count) };
}
