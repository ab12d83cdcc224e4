import { domainPicture, type Point } from '@crossmodal/adaptation';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../../../presets.js';
import type { Figure } from '../../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../../entry.js';
import { trainingCurve, validationCurve } from '../../shared/curve.js';
import { type DigitDomain, digitDomains } from './digit-domains.js';
import { type DigitMethod, digitMethods } from './digit-methods.js';
import { type DigitResult, type DigitSettings, trainDigits } from './train-digits.js';

const settings: Settings<DigitSettings> = {
  quick: { filters: [32, 48], steps: 1200, batchSize: 32, limit: Number.POSITIVE_INFINITY, measurements: 5 },
  smoke: { filters: [4, 4], steps: 2, batchSize: 8, limit: 64, measurements: 1 },
};

/** Published, MNIST to MNIST-M: Ganin and Lempitsky (2015), table 1. */
const published: Partial<Record<string, number>> = { 'source only': 0.5225, DANN: 0.7666, 'trained on target': 0.9596 };

export const digitAdaptationEntry: Entry = {
  id: 'digit-adaptation',
  paradigm: 'domain adaptation',
  title: 'From black and white digits to digits on photographs, without their labels',
  question: 'Does adaptation win where the papers win, on MNIST to MNIST-M?',
  run: runDigitAdaptation,
};

async function runDigitAdaptation(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const own = settings[preset];
  const { mnist, mnistM } = await digitDomains(context.dataFolder, own.limit);
  const train = (method: DigitMethod, source: DigitDomain, target: DigitDomain, label: string = method) =>
    trainDigits(method, { source, target }, own, { seed, shuffle, follow: context.follow(label, own.steps) });
  const forward = new Map<string, DigitResult>();
  for (const method of Object.keys(digitMethods) as DigitMethod[])
    forward.set(method, await train(method, mnist, mnistM));
  forward.set('trained on target', await train('source only', mnistM, mnistM, 'trained on target'));
  const backward = new Map<string, DigitResult>();
  for (const method of ['source only', 'DANN with confusion'] as const) {
    backward.set(method, await train(method, mnistM, mnist, `${method}, reversed`));
  }
  const rows = (pair: string, results: ReadonlyMap<string, DigitResult>): Row[] =>
    [...results].map(([method, { target, untrained }]) => ({
      metric: `accuracy, ${pair}, ${method}`,
      better: 'higher',
      chance: 0.1,
      untrained,
      value: target.accuracy,
      published: pair === 'MNIST to MNIST-M' ? (published[method] ?? null) : null,
    }));
  const adapted = forward.get('DANN with confusion')!;
  const source = forward.get('source only')!;
  return {
    rows: [...rows('MNIST to MNIST-M', forward), ...rows('MNIST-M to MNIST', backward)],
    headline: ['source only', 'DANN with confusion', 'DANN', 'DAN'].map(
      (method) => `accuracy, MNIST to MNIST-M, ${method}`,
    ),
    summary:
      'A classifier learns from labelled digits of MNIST and from digits on photographs (MNIST-M) whose labels it never sees. ' +
      'All methods have the same network, batches, optimiser and number of steps; the source-only classifier is the same without the term that adapts.',
    facts: {
      'Training pictures': `${mnist.train.count} per domain`,
      'Test pictures': mnistM.test.count,
      Steps: own.steps,
      'Pictures in a batch': `${own.batchSize} of each domain`,
      'Accuracy on MNIST': `${source.source.accuracy.toFixed(3)} source only, ${adapted.source.accuracy.toFixed(3)} DANN with confusion`,
    },
    figures: [
      {
        kind: 'curves',
        title: 'How often the domain classifier is right',
        xLabel: 'step',
        yLabel: 'share right',
        share: true,
        series: ['DANN with confusion', 'DANN', 'CDAN-E'].map((name) => ({
          name,
          points: trainingCurve(forward.get(name)!.history, 'domainAccuracy'),
        })),
        references: [{ name: 'cannot tell', y: 0.5 }],
      },
      over(forward, 'proxy A-distance', 'Proxy A-distance of the features', { name: 'cannot be told apart', y: 0 }),
      over(forward, 'target accuracy', 'Accuracy on test digits of MNIST-M', { name: 'chance', y: 0.1 }),
      {
        kind: 'confusion',
        title: 'DANN with confusion on MNIST-M',
        caption: 'Rows: what it is. Columns: what it was taken for, in per cent.',
        classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
        counts: adapted.target.confusion,
      },
      ...(await maps('source only', source, mnistM.test.labels)),
      ...(await maps('DANN with confusion', adapted, mnistM.test.labels)),
    ],
  };
}

/** A measured number of all methods over the steps. */
function over(
  results: ReadonlyMap<string, DigitResult>,
  name: string,
  title: string,
  reference: { name: string; y: number },
): Figure {
  const series = [...results]
    .filter(([method]) => method !== 'trained on target')
    .map(([method, { history }]) => ({ name: method, points: validationCurve(history, name) }));
  return { kind: 'curves', title, xLabel: 'step', yLabel: name, series, references: [reference] };
}

/** The same test digits of both domains on the two main directions of their features: by domain, and by class. */
async function maps(method: string, { features }: DigitResult, labels: ArrayLike<number>): Promise<Figure[]> {
  const rows = { source: tf.tensor2d(features.source), target: tf.tensor2d(features.target) };
  const points = await domainPicture(rows);
  tf.dispose(rows);
  const { source, target } = points as { source: Point[]; target: Point[] };
  // As many as there are colours.
  const digits = Array.from({ length: 6 }, (_, digit) => ({
    name: String(digit),
    points: target.filter((_point, row) => labels[row] === digit),
  }));
  const caption = 'Test digits on the two main directions of the features of both domains.';
  return [
    {
      kind: 'scatter',
      title: `Features by domain: ${method}`,
      caption,
      series: [
        { name: 'MNIST', points: source },
        { name: 'MNIST-M', points: target },
      ],
    },
    { kind: 'scatter', title: `Features of MNIST-M by class: ${method}`, caption, series: digits },
  ];
}
