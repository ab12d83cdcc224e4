import { Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import type { History } from '@crossmodal/core/train';
import {
  type Disentanglement,
  denseDecoder,
  denseInference,
  mutualInformationGap,
  type Vae,
  vae,
} from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import { everyShape, type ShapeFactors, shapePicture, shapeSize } from '../data/shape-factors.js';
import type { Settings } from '../presets.js';
import type { Figure } from '../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from './entry.js';
import { batchesOf } from './shared/batches.js';
import { trainingCurve } from './shared/curve.js';
import { imagesOf, pngOf } from './shared/images.js';
import { trainToEnd } from './shared/train.js';

interface FactorSettings {
  betas: number[];
  steps: number;
  batchSize: number;
  hidden: number;
  latentDimension: number;
}

const settings: Settings<FactorSettings> = {
  quick: { betas: [1, 4, 8], steps: 4000, batchSize: 64, hidden: 256, latentDimension: 8 },
  smoke: { betas: [1, 4], steps: 2, batchSize: 8, hidden: 8, latentDimension: 3 },
};

export const vaeFactorsEntry: Entry = {
  id: 'vae-factors',
  paradigm: 'variational autoencoder',
  title: 'What does each latent stand for?',
  question: 'Does a higher price of the latents (beta-VAE) give each factor of a picture a latent of its own?',
  run: runVaeFactors,
};

interface Trained {
  history: History;
  untrained: Disentanglement;
  trained: Disentanglement;
  reconstruction: number;
  traversal: Figure;
}

async function runVaeFactors(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const { betas, steps, batchSize, hidden, latentDimension } = settings[preset];
  const shapes = everyShape();
  // Control: the pixels of all pictures stand in an order that is drawn for each picture, which leaves only how many are on.
  const random = new Random(seed).fork('control');
  const pictures = shapes.map((factors) => {
    const picture = shapePicture(factors);
    return shuffle ? Float32Array.from(random.shuffle([...picture])) : picture;
  });
  const rowsOf = (indices: readonly number[]) =>
    tf.stack(indices.map((index) => tf.tensor1d(pictures[index]!))) as tf.Tensor2D;
  const data = batchesOf(shapes.length, (indices) => ({ x: tf.tidy(() => rowsOf(indices)) }), { batchSize, seed });
  const all = tf.tidy(() => rowsOf(shapes.map((_, index) => index)));
  const factors = Object.fromEntries(
    (['shape', 'size', 'left', 'top'] as const).map((name) => [name, shapes.map((shape) => shape[name])]),
  ) as Record<keyof ShapeFactors, number[]>;
  const measure = async (model: Vae) => {
    const { mean, logVariance } = model.posterior(all);
    const found = await mutualInformationGap(mean, factors);
    tf.dispose([mean, logVariance]);
    return found;
  };

  const results = new Map<number, Trained>();
  for (const beta of betas) {
    const layers = { hidden: [hidden, hidden], seed };
    const model = vae({
      encoder: denseInference({ inputDimension: shapeSize ** 2, ...layers }),
      decoder: denseDecoder({ latentDimension, outputDimension: shapeSize ** 2, ...layers }),
      beta,
      seed,
    });
    const untrained = await measure(model);
    const history = await trainToEnd(model, adam({ learningRate: 1e-3 }), data, {
      steps,
      ...context.follow(`beta ${beta}`, steps),
    });
    const trained = await measure(model);
    const { reconstruction } = await model.elbo(all, { random: new Random(seed).fork('elbo') });
    const traversal = await traversed(model, { beta, all, found: trained });
    results.set(beta, { history, untrained, trained, reconstruction, traversal });
    model.dispose();
  }
  all.dispose();

  const rows = [...results].flatMap(([beta, { untrained, trained, reconstruction }]): Row[] => [
    {
      metric: `mutual information gap, beta ${beta}`,
      better: 'higher',
      chance: 0,
      untrained: untrained.gap,
      value: trained.gap,
      published: null,
    },
    {
      metric: `cost of reconstruction, nats, beta ${beta}`,
      better: 'lower',
      chance: null,
      untrained: null,
      value: reconstruction,
      published: null,
    },
  ]);
  return {
    rows,
    headline: rows.map(({ metric }) => metric).filter((metric) => metric.startsWith('mutual')),
    summary:
      `Pictures of ${shapeSize}x${shapeSize} pixels of a square, a disc or a triangle in four sizes and 64 places, all combinations. The gap is 1 when each of ` +
      'shape, size and the two places is told by one latent alone, and 0 when two latents know equally much of it. What it costs is seen in the reconstruction.',
    facts: {
      Pictures: shapes.length,
      Steps: steps,
      ...Object.fromEntries(
        [...results].map(([beta, { trained }]) => [
          `Gaps, beta ${beta}`,
          Object.entries(trained.gaps)
            .map(([name, gap]) => `${name} ${gap.toFixed(2)}`)
            .join(', '),
        ]),
      ),
    },
    figures: [
      ...[...results.values()].map(({ traversal }) => traversal),
      {
        kind: 'curves',
        title: 'Reconstruction in training',
        xLabel: 'step',
        yLabel: 'nats per picture',
        series: [...results].map(([beta, { history }]) => ({
          name: `beta ${beta}`,
          points: trainingCurve(history, 'reconstruction').slice(2),
        })),
      },
    ],
  };
}

/** One latent moved at a time, from a picture in the middle; each row says which factor it knows most of. */
async function traversed(
  model: Vae,
  { beta, all, found }: { beta: number; all: tf.Tensor2D; found: Disentanglement },
): Promise<Figure> {
  const values = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2];
  const rows: { label: string; pictures: Uint8Array[] }[] = [];
  const start = tf.slice(all, 0, 1);
  for (let dimension = 0; dimension < model.latentDimension; dimension++) {
    const drawn = tf.tidy(
      () => tf.reshape(model.traverse(start, { dimension, values }), [-1, shapeSize, shapeSize, 1]) as tf.Tensor4D,
    );
    const pictures = await Promise.all((await imagesOf(drawn)).map(pngOf));
    drawn.dispose();
    const [factor, shares] = Object.entries(found.shares).reduce((best, each) =>
      each[1][dimension]! > best[1][dimension]! ? each : best,
    );
    rows.push({ label: `${dimension + 1}: ${factor} ${shares[dimension]!.toFixed(2)}`, pictures });
  }
  start.dispose();
  return {
    kind: 'pictures',
    title: `One latent moved at a time, beta ${beta}`,
    caption:
      'From left to right a latent goes from -2 to 2, the others stay; beside it the factor that it knows most of, and the share of it.',
    headings: values.map(String),
    rows,
  };
}
