import { Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { fit, trainStep } from '@crossmodal/core/train';
import type { Image } from '@crossmodal/encoders-vision';
import { bernoulli, convolutionalDecoder, convolutionalInference, vae } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import { openMojiCorpus } from '../data/corpus.js';
import type { Settings } from '../presets.js';
import type { Entry, EntryContext, EntryOutcome } from './entry.js';
import { batchesOf } from './shared/batches.js';
import { trainingCurve, validationCurve } from './shared/curve.js';
import { decodePictures, imagesOf, pictureTensor, pngOf, shifted } from './shared/images.js';

interface VaeSettings {
  size: number;
  width: number;
  features: number;
  latentDimension: number;
  steps: number;
  batchSize: number;
  limit: number;
}

const settings: Settings<VaeSettings> = {
  quick: {
    size: 32,
    width: 24,
    features: 256,
    latentDimension: 64,
    steps: 800,
    batchSize: 64,
    limit: Number.POSITIVE_INFINITY,
  },
  smoke: { size: 16, width: 4, features: 16, latentDimension: 4, steps: 3, batchSize: 8, limit: 48 },
};

/** Pictures per row of the figures. */
const shown = 10;

export const vaeEntry: Entry = {
  id: 'vae',
  paradigm: 'variational autoencoder',
  title: 'A code of a few dozen numbers for every emoji',
  question: 'How well does a VAE describe emojis that it has never seen?',
  run: runVae,
};

async function runVae(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const { size, width, features, latentDimension, steps, batchSize, limit } = settings[preset];
  const corpus = openMojiCorpus(context.openmoji, { limit });
  const load = async (emojis: typeof corpus.train) =>
    decodePictures(
      await context.pictures(
        emojis.map(({ hexcode }) => hexcode),
        'color',
      ),
      { size },
    );
  // All skin tones are there to learn from; of the test emojis only the base is tested.
  const all = await load(corpus.train.flatMap(corpus.variantsOf));
  const train = shuffle ? all.map((image, index) => scrambled(image, new Random(seed).fork(index))) : all;
  const test = await load(corpus.test);
  const heldOut = await pictureTensor(test);

  const model = vae({
    encoder: convolutionalInference({ size, width, features, seed }),
    decoder: convolutionalDecoder({ size, width, latentDimension, seed }),
    likelihood: bernoulli(),
    seed,
  });
  const evaluate = () => model.elbo(heldOut, { random: new Random(seed).fork('evaluation'), batchSize: 128 });
  const untrained = await evaluate();
  const step = trainStep(model, {
    optimizer: adam({ learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: 2e-3, to: 1e-4, steps }) }) }),
  });
  const data = batchesOf(
    train.length,
    async (indices, random) => ({
      x: await pictureTensor(indices.map((index, row) => shifted(train[index]!, random.fork(row)))),
    }),
    { batchSize, seed },
  );
  const history = await fit(step, data, {
    steps,
    ...context.follow('vae', steps),
    validate: async () => ({ negativeElbo: -(await evaluate()).elbo }),
  });
  const trained = await evaluate();
  const chance = negativeLogLikelihoodOfMean(train, test);

  const random = new Random(seed).fork('figures');
  const picked = spreadOver(test, 2 * shown);
  const originals = await pictureTensor(picked);
  const reconstructed = await take(() => model.reconstruct(originals));
  const sampled = await take(() => model.sample(2 * shown, { random }));
  const between: Uint8Array[][] = [];
  for (const row of [0, 1, 2]) {
    const ends = await Promise.all([picked[2 * row]!, picked[2 * row + 1]!].map((image) => pictureTensor([image])));
    between.push(await take(() => model.interpolate(ends[0]!, ends[1]!, { steps: shown })));
    tf.dispose(ends);
  }
  const originalPictures = await Promise.all(picked.map(pngOf));
  step.dispose();
  model.dispose();
  tf.dispose([heldOut, originals]);
  return {
    rows: [
      {
        metric: 'negative ELBO of test emojis, nats per picture',
        better: 'lower',
        chance,
        untrained: -untrained.elbo,
        value: -trained.elbo,
        published: null,
      },
    ],
    summary:
      `Each picture of ${size}x${size} pixels is squeezed into ${latentDimension} numbers and drawn again. The negative ELBO bounds what it costs to ` +
      'describe a picture that was not in training; colour values count as probabilities (Bernoulli), so the floor is not 0. ' +
      'Chance is the cost when every pixel is guessed from the mean training picture.',
    facts: {
      'Training pictures': train.length,
      'Test emojis': test.length,
      Steps: steps,
      'Steps per second': history.stepsPerSecond.toFixed(1),
      Reconstruction: `${trained.reconstruction.toFixed(0)} nats`,
      Divergence: `${trained.divergence.toFixed(0)} nats`,
    },
    figures: [
      {
        kind: 'curves',
        title: 'Negative ELBO',
        xLabel: 'step',
        yLabel: 'nats per picture',
        series: [
          { name: 'training', points: trainingCurve(history).slice(5) },
          { name: 'test emojis', points: validationCurve(history, 'negativeElbo') },
        ],
        references: [{ name: 'mean picture', y: chance }],
      },
      {
        kind: 'pictures',
        title: 'Reconstructions',
        caption: 'Test emojis, and below each what comes out of its code.',
        rows: [0, shown].flatMap((start) => [
          { label: 'original', pictures: originalPictures.slice(start, start + shown) },
          { label: 'reconstructed', pictures: reconstructed.slice(start, start + shown) },
        ]),
      },
      {
        kind: 'pictures',
        title: 'From one to the other',
        caption: 'Straight lines in the space of codes between two test emojis.',
        rows: between.map((pictures) => ({ pictures })),
      },
      {
        kind: 'pictures',
        title: 'Samples',
        caption: 'Codes drawn from the prior: emojis that do not exist.',
        rows: [0, shown].map((start) => ({ pictures: sampled.slice(start, start + shown) })),
      },
    ],
  };
}

/** The pictures of a tensor as PNG files. */
async function take(make: () => tf.Tensor): Promise<Uint8Array[]> {
  const tensor = make() as tf.Tensor4D;
  const images = await imagesOf(tensor);
  tensor.dispose();
  return Promise.all(images.map(pngOf));
}

/** Control: the same values at random places. */
function scrambled({ data, shape }: Image, random: Random): Image {
  return { data: Float32Array.from(random.shuffle([...data])), shape };
}

/** -log p of a picture when each value is an independent Bernoulli variable with the mean over the training pictures. */
function negativeLogLikelihoodOfMean(train: readonly Image[], test: readonly Image[]): number {
  const mean = new Float64Array(train[0]!.data.length);
  for (const { data } of train) for (let i = 0; i < mean.length; i++) mean[i]! += data[i]! / train.length;
  let total = 0;
  for (const { data } of test) {
    for (let i = 0; i < mean.length; i++) {
      const p = Math.min(1 - 1e-6, Math.max(1e-6, mean[i]!));
      total -= data[i]! * Math.log(p) + (1 - data[i]!) * Math.log(1 - p);
    }
  }
  return total / test.length;
}

function spreadOver<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}
