import { Random } from '@crossmodal/core';
import { fit, type History } from '@crossmodal/core/train';
import { denseDiscriminator, denseGenerator, type Gan, gan, ganStep } from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../../presets.js';
import type { Figure } from '../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { type Coverage, coverageOf } from './coverage.js';
import { eightGaussians, type PlaneShape, type Point, twoMoons, twoRings } from './shapes.js';

interface ShapeSettings {
  hidden: number[];
  latentDimension: number;
  steps: number;
  batchSize: number;
  /** Points to learn from, and points drawn to be judged. */
  points: number;
  drawn: number;
}

const settings: Settings<ShapeSettings> = {
  quick: { hidden: [128, 128], latentDimension: 8, steps: 6000, batchSize: 128, points: 20_000, drawn: 2500 },
  smoke: { hidden: [8], latentDimension: 2, steps: 2, batchSize: 8, points: 40, drawn: 20 },
};

/**
 * Ways to hold the discriminator. The first two circle for ever, and the mean of what circles is nowhere: they are judged by their last
 * weights. With R1 the averaged ones are far nearer. Weight .05: the points are a hundredth wide, and 0.5 blurs them.
 */
const recipes = {
  plain: { spectral: false, gradientPenalty: undefined, averageDecay: 0 },
  'spectral normalisation': { spectral: true, gradientPenalty: undefined, averageDecay: 0 },
  R1: { spectral: false, gradientPenalty: { kind: 'r1', weight: 0.05 }, averageDecay: 0.999 },
} as const;

type Recipe = keyof typeof recipes;

const shapes = [eightGaussians, twoMoons, twoRings];

/** Lin et al., PacGAN (2018), table 1: a plain GAN on the ring, mean of ten runs of 400,000 steps. */
const published = { covered: 6.3, good: 0.982, divergence: 0.45 };

/** Points of each kind that a figure shows. */
const shown = 600;

export const ganShapesEntry: Entry = {
  id: 'gan-shapes',
  paradigm: 'generative adversarial network',
  title: 'Does a GAN reach all parts of a shape?',
  question: 'Which ways to hold the discriminator keep all of eight Gaussians, two moons and two rings?',
  run: runGanShapes,
};

interface Trial {
  untrained: Coverage;
  trained: Coverage;
  history: History;
  points: Point[];
}

async function runGanShapes(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed } = context;
  const { steps, points, drawn } = settings[preset];
  const rows: Row[] = [];
  const figures: Figure[] = [];
  for (const shape of shapes) {
    const random = new Random(seed).fork(shape.name);
    const real = context.shuffle ? apart(pointsOf(shape, points, random), random) : pointsOf(shape, points, random);
    const chance = coverageOf(shape, gaussianLike(real, drawn, random));
    const trials = new Map<Recipe, Trial>();
    for (const recipe of Object.keys(recipes) as Recipe[]) {
      trials.set(recipe, await trial(context, shape, real, recipe));
    }
    for (const [recipe, { untrained, trained }] of trials) {
      const row = (name: keyof Coverage, metric: string, better: Row['better']): Row => ({
        metric: `${metric}, ${shape.name}: ${recipe}`,
        better,
        chance: chance[name],
        untrained: untrained[name],
        value: trained[name],
        published: shape === eightGaussians && recipe === 'plain' ? published[name] : null,
      });
      rows.push(
        row('covered', `parts covered of ${shape.parts}`, 'higher'),
        row('good', 'share of samples on the shape', 'higher'),
        row('divergence', 'divergence from equal parts, nats', 'lower'),
      );
    }
    figures.push(...figuresOf(shape, real, trials));
  }
  return {
    rows,
    headline: rows.map(({ metric }) => metric).filter((metric) => metric.startsWith('parts') && metric.endsWith('R1')),
    summary:
      `Dense networks that draw points of the plane, one training of ${steps} steps for each shape and recipe. A sample is on the shape within three deviations ` +
      'of its noise; a part (a Gaussian, a tenth of a moon or ring) is covered by one such sample. Chance is a Gaussian with the mean and covariance of the ' +
      'points. Published: the same ring, by larger networks with batch normalisation and 400,000 steps (PacGAN, table 1).',
    facts: { 'Training points of a shape': points, 'Points drawn': drawn, Steps: steps },
    figures,
  };
}

async function trial(
  { preset, seed, follow }: EntryContext,
  shape: PlaneShape,
  real: readonly Point[],
  recipe: Recipe,
): Promise<Trial> {
  const { hidden, latentDimension, steps, batchSize, drawn } = settings[preset];
  const { spectral, gradientPenalty, averageDecay } = recipes[recipe];
  const model = gan({
    generator: denseGenerator({ outputDimension: 2, latentDimension, hidden, activation: 'linear', seed }),
    discriminator: denseDiscriminator({ inputDimension: 2, hidden, spectral, seed }),
    gradientPenalty,
    seed,
  });
  const data = batchesOf(real.length, (indices) => ({ real: tf.tensor2d(indices.map((index) => [...real[index]!])) }), {
    batchSize,
    seed,
  });
  const untrained = coverageOf(shape, await samplesOf(model, drawn, seed));
  const step = ganStep(model, { averageDecay });
  const history = await fit(step, data, { steps, ...follow(`${shape.name}, ${recipe}`, steps) });
  if (averageDecay > 0) step.applyAverages();
  const points = await samplesOf(model, drawn, seed);
  step.dispose();
  model.dispose();
  return { untrained, trained: coverageOf(shape, points), history, points };
}

function figuresOf(shape: PlaneShape, real: readonly Point[], trials: ReadonlyMap<Recipe, Trial>): Figure[] {
  const some = (points: readonly Point[]) => points.slice(0, shown).map(([x, y]): [number, number] => [x, y]);
  return [
    ...[...trials].map(
      ([recipe, { points }]): Figure => ({
        kind: 'scatter',
        title: `${shape.name}: ${recipe}`,
        caption: 'Points of the training and points drawn.',
        series: [
          { name: 'real', points: some(real) },
          { name: 'drawn', points: some(points) },
        ],
      }),
    ),
    {
      kind: 'curves',
      title: `How far drawn points differ, ${shape.name}`,
      xLabel: 'step',
      yLabel: 'by the measure of real ones',
      series: [...trials].map(([name, { history }]) => ({
        name,
        points: trainingCurve(history, 'generator/diversity'),
      })),
    },
  ];
}

function pointsOf(shape: PlaneShape, count: number, random: Random): Point[] {
  return Array.from({ length: count }, () => shape.draw(random));
}

/** Control: each point has the height of another, which leaves what is true of either coordinate. */
function apart(points: readonly Point[], random: Random): Point[] {
  const heights = random.fork('control').shuffle(points.map(([, y]) => y));
  return points.map(([x], index) => [x, heights[index]!]);
}

/** Points of the Gaussian that has the mean and covariance of others. */
function gaussianLike(points: readonly Point[], count: number, random: Random): Point[] {
  const mean = (value: (point: Point) => number) =>
    points.reduce((sum, point) => sum + value(point), 0) / points.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const xx = mean((point) => (point[0] - x) ** 2);
  const xy = mean((point) => (point[0] - x) * (point[1] - y));
  const yy = mean((point) => (point[1] - y) ** 2);
  const [a, b] = [Math.sqrt(xx), xy / Math.sqrt(xx)];
  const c = Math.sqrt(yy - b ** 2);
  return Array.from({ length: count }, () => {
    const [u, v] = [random.normal(), random.normal()];
    return [x + a * u, y + b * u + c * v];
  });
}

async function samplesOf(model: Gan, count: number, seed: number): Promise<Point[]> {
  const drawn = model.generate(count, { random: new Random(seed).fork('judged') }) as tf.Tensor2D;
  const points = (await drawn.array()) as [number, number][];
  drawn.dispose();
  return points;
}
