import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
import { adam } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { crossCoherence, type MultimodalBatch } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import { digitNames } from '../../data/moving-digits.js';
import { spokenDigits } from '../../data/spoken-digits.js';
import type { Settings } from '../../presets.js';
import type { Figure } from '../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { binarised } from './binarised.js';
import { type DigitJudgeSettings, digitJudge } from './digit-judge.js';
import { digitPlaces } from './digit-pictures.js';
import { coherences, type Measured, type Side, type Trial } from './multimodal-coherence.js';
import { multimodalMethods, writtenAndSpoken } from './multimodal-methods.js';
import { binaryPicture, blurredPicture, classesOf, greyPicture, pngsOf, rowsOf } from './picture-rows.js';
import { spokenPicture } from './spoken-pictures.js';

interface MultimodalDigitsSettings {
  hidden: number;
  latentDimension: number;
  steps: number;
  batchSize: number;
  judge: Omit<DigitJudgeSettings, 'size'>;
  limit: number;
  /** Test pairs of the likelihood, and latents per pair. */
  pairs: number;
  samples: number;
}

const settings: Settings<MultimodalDigitsSettings> = {
  quick: {
    hidden: 256,
    latentDimension: 20,
    steps: 2000,
    batchSize: 64,
    judge: { channels: [16, 32, 64], steps: 800, batchSize: 64 },
    limit: Number.POSITIVE_INFINITY,
    pairs: 200,
    samples: 500,
  },
  smoke: {
    hidden: 8,
    latentDimension: 4,
    steps: 2,
    batchSize: 8,
    judge: { channels: [4], steps: 2, batchSize: 8 },
    limit: 150,
    pairs: 8,
    samples: 4,
  },
};

/** Ways in which the judge of drawings sees a digit. */
const seenAs = [greyPicture, binaryPicture, blurredPicture];

export const multimodalDigitsEntry: Entry = {
  id: 'multimodal-vae',
  paradigm: 'multimodal variational autoencoder',
  title: 'Draw the digit that was said, and say the one that was drawn',
  question:
    'Do products, mixtures and mixtures of products of posteriors differ as published in what they carry across?',
  run: runMultimodalDigits,
};

async function runMultimodalDigits(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle, dataFolder } = context;
  const { judge: ofJudge, steps, batchSize, ...own } = settings[preset];
  const sets = await mnist({ data: dataFolder });
  const recordings = await spokenDigits({ dataFolder, limit: own.limit });
  const heard = recordings.filter(({ split }) => split === 'train');
  const asked = recordings.filter(({ split }) => split === 'test');
  const pictures = { train: heard.map(spokenPicture), test: asked.map(spokenPicture) };
  const places = { train: digitPlaces(sets.train), test: digitPlaces(sets.test) };
  const labels = asked.map(({ digit }) => digit);
  const random = new Random(seed).fork('test');
  const testPlaces = labels.map((digit) => places.test(digit, random));

  const judges = {
    written: await digitJudge(
      // What models are given is on or off, what they draw is grey and often blurred: the judge learns from all.
      (index) => seenAs[index % seenAs.length]!(sets.train, index),
      sets.train.labels,
      { size: 28, ...ofJudge },
      { seed, follow: context.follow('judge of drawings', ofJudge.steps) },
    ),
    spoken: await digitJudge(
      (index) => pictures.train[index]!,
      heard.map(({ digit }) => digit),
      { size: 28, ...ofJudge },
      { seed, follow: context.follow('judge of recordings', ofJudge.steps) },
    ),
  };
  const trial: Trial = {
    written: binarised(sets.test, testPlaces, { random: new Random('test pictures') }),
    spoken: rowsOf(pictures.test),
    labels,
    judges,
  };
  const judged = {
    written: crossCoherence(await classesOf(judges.written, trial.written), labels),
    spoken: crossCoherence(await classesOf(judges.spoken, trial.spoken), labels),
  };

  // Control: each recording stands beside drawings of another digit, the same one throughout.
  const told = heard.map(({ digit }) => digit);
  const beside = shuffle ? new Random(seed).fork('control').shuffle(told) : told;
  const batches = (missing: number) =>
    batchesOf<MultimodalBatch<Side>>(
      heard.length,
      (indices, random) => {
        const drawn = indices.map((index) => places.train(beside[index]!, random));
        // Which of the two is missing is drawn by a coin.
        const lacks = indices.map(() => (random.uniform() < missing ? random.integer(2) : 2));
        const mask = (place: number) => tf.tensor1d(lacks.map((lack) => Number(lack !== place)));
        return {
          written: binarised(sets.train, drawn, { random }),
          spoken: rowsOf(indices.map((index) => pictures.train[index]!)),
          ...(missing > 0 && { present: { written: mask(0), spoken: mask(1) } }),
        };
      },
      { batchSize, seed },
    );

  const results = new Map<string, { untrained: Measured; trained: Measured; history: History; likelihood: number }>();
  const drawn: Record<Side, { label: string; pictures: Uint8Array[] }[]> = { written: [], spoken: [] };
  // The first test pair of each digit.
  const shown = digitNames.map((_, digit) => Math.max(0, labels.indexOf(digit)));
  for (const [name, { fusion, missing }] of Object.entries(multimodalMethods)) {
    const model = writtenAndSpoken(fusion(), { ...own, seed });
    const untrained = await coherences(model, trial, seed);
    const optimizer = adam({ learningRate: cosine({ from: 1e-3, to: 1e-4, steps }) });
    const history = await trainToEnd(model, optimizer, batches(missing), { steps, ...context.follow(name, steps) });
    const [written, spoken] = [trial.written, trial.spoken].map((rows) =>
      tf.slice(rows, 0, Math.min(own.pairs, labels.length)),
    );
    const { logLikelihood } = await model.logLikelihood(
      { written: written!, spoken: spoken! },
      { random: new Random(seed).fork('likelihood'), samples: own.samples },
    );
    results.set(name, {
      untrained,
      trained: await coherences(model, trial, seed),
      history,
      likelihood: -logLikelihood,
    });
    tf.dispose([written, spoken]);
    for (const to of ['written', 'spoken'] as const) {
      const from = to === 'written' ? 'spoken' : 'written';
      const given = tf.gather(trial[from], shown);
      const made = model.generate({ [from]: given }, { to, random: new Random(seed).fork('figure') }) as tf.Tensor2D;
      drawn[to].push({ label: name, pictures: await pngsOf(made) });
      tf.dispose([given, made]);
    }
    model.dispose();
  }

  const figures: Figure[] = [
    await crossFigure('Drawings of what was said', trial.spoken, shown, drawn.written),
    await crossFigure('Recordings of what was drawn', trial.written, shown, drawn.spoken),
    {
      kind: 'bars',
      title: 'Share of what is right on the other side',
      caption:
        'From a test recording to a drawing and from a test drawing to a recording, by classifiers that took no part in training.',
      maximum: 1,
      bars: [...results].flatMap(([name, { trained }]) => [
        { name: `${name}: to drawings`, value: trained.toWritten },
        { name: `${name}: to recordings`, value: trained.toSpoken },
      ]),
    },
    {
      kind: 'curves',
      title: 'Loss',
      xLabel: 'step',
      yLabel: 'nats per pair',
      series: [...results].map(([name, { history }]) => ({ name, points: trainingCurve(history).slice(2) })),
    },
  ];
  for (const judge of Object.values(judges)) judge.dispose();
  tf.dispose([trial.written, trial.spoken]);

  const row = (metric: string, untrained: number | null, value: number, chance: number | null): Row => ({
    metric,
    better: chance === null ? 'lower' : 'higher',
    ...{ chance, untrained, value },
    published: null,
  });
  const rows = [...results].flatMap(([name, { untrained, trained, likelihood }]) => [
    row(`right drawing of what was said, ${name}`, untrained.toWritten, trained.toWritten, 0.1),
    row(`right recording of what was drawn, ${name}`, untrained.toSpoken, trained.toSpoken, 0.1),
    row(`both from one latent agree, ${name}`, untrained.joint, trained.joint, 0.1),
    row(`negative log likelihood of pairs, ${name}`, null, likelihood, null),
  ]);
  return {
    rows,
    headline: ['MVAE', 'MMVAE', 'MoPoE', 'JMVAE'].map((name) => `right drawing of what was said, ${name}`),
    summary:
      'One latent for a handwritten digit and a recording of its name (28 mel bands over 0.6 seconds, as a picture), of test writers and test ' +
      `recordings. Networks 784-${own.hidden}-${own.hidden}-${own.latentDimension}, equal for all. Coherence is judged on latents that are drawn, by classifiers of real data.`,
    facts: {
      'Training recordings': heard.length,
      'Test pairs': labels.length,
      Steps: steps,
      'Classifier of drawings, right on real ones': judged.written.toFixed(3),
      'Classifier of recordings, right on real ones': judged.spoken.toFixed(3),
      'Latents per pair of the likelihood': own.samples,
    },
    figures,
  };
}

/** Given pictures above, and what each model made of them. */
async function crossFigure(
  title: string,
  given: tf.Tensor2D,
  shown: readonly number[],
  rows: { label: string; pictures: Uint8Array[] }[],
): Promise<Figure> {
  const first = tf.gather(given, [...shown]) as tf.Tensor2D;
  const pictures = await pngsOf(first);
  first.dispose();
  return {
    kind: 'pictures',
    title,
    caption:
      'Above what was given, of the test; below what each model made of it, from one latent drawn. Recordings: time to the right, low notes below.',
    headings: [...digitNames],
    rows: [{ label: 'given', pictures }, ...rows],
  };
}
