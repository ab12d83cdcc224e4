import { domainPicture, type Point } from '@crossmodal/adaptation';
import * as tf from '@tensorflow/tfjs-core';
import type { Figure } from '../../report/figure.js';
import type { Row } from '../entry.js';
import { trainingCurve, validationCurve } from '../shared/curve.js';
import type { Domain } from './labelled-set.js';
import { byDefaults, recipe } from './methods.js';
import type { MethodResult } from './train-method.js';

/** What the reference that is given the target's labels is called. */
export const onTarget = 'trained on target';

/** Whether a method is the recipe of the README, along the run or by its defaults. */
const isRecipe = (name: string): boolean => name === recipe || name === byDefaults;

/** One row per method. */
export function accuracyRows(
  pair: string,
  results: ReadonlyMap<string, MethodResult>,
  { chance, published = {} }: { chance: number; published?: Partial<Record<string, number>> },
): Row[] {
  return [...results].map(([method, { target, untrained }]) => ({
    metric: `accuracy, ${pair}, ${method}`,
    better: 'higher',
    chance,
    untrained,
    value: target.accuracy,
    published: published[method] ?? null,
  }));
}

/** What trainings of several methods looked like: domain classifiers, distances, accuracies, confusion, maps of features. */
export async function comparisonFigures(
  results: ReadonlyMap<string, MethodResult>,
  { source, target, classes }: { source: Domain; target: Domain; classes: readonly string[] },
): Promise<Figure[]> {
  const chance = 1 / classes.length;
  const adversaries = [...results].filter(([, { history }]) => trainingCurve(history, 'domainAccuracy').length > 0);
  const names = [...results.keys()];
  const adapting = names.filter((name) => name !== 'source only' && name !== onTarget);
  const best = adapting.find(isRecipe) ?? adapting[0] ?? names[0]!;
  const mapped = [...new Set(['source only', best])].filter((method) => results.has(method));
  const maps: Figure[] = [];
  for (const method of mapped) {
    maps.push(...(await featureMaps(method, results.get(method)!, { source, target, classes })));
  }
  return [
    {
      kind: 'bars',
      title: `Accuracy on ${target.name}`,
      caption: `Of ${target.test.count} test items; a difference below ${(2 * standardError(0.5, target.test.count)).toFixed(3)} may be chance.`,
      maximum: 1,
      bars: [...results].map(
        ([
          name,
          {
            target: { accuracy },
          },
        ]) => ({
          name: `${name} ± ${standardError(accuracy, target.test.count).toFixed(3)}`,
          value: accuracy,
          emphasis: isRecipe(name),
        }),
      ),
    },
    ...(adversaries.length === 0
      ? []
      : [
          {
            kind: 'curves' as const,
            title: 'How often the domain classifier is right',
            xLabel: 'step',
            yLabel: 'share right',
            share: true,
            series: adversaries.map(([name, { history }]) => ({
              name,
              points: trainingCurve(history, 'domainAccuracy'),
            })),
            references: [{ name: 'cannot tell', y: 0.5 }],
          },
        ]),
    over(results, 'proxy A-distance', 'Proxy A-distance of the features', { name: 'cannot be told apart', y: 0 }),
    over(results, 'target accuracy', `Accuracy on test items of ${target.name}`, { name: 'chance', y: chance }),
    {
      kind: 'confusion',
      title: `${best} on ${target.name}`,
      caption: 'Rows: what it is. Columns: what it was taken for, in per cent.',
      classes: [...classes],
      counts: results.get(best)!.target.confusion,
    },
    ...maps,
  ];
}

/** Of a share that was measured on so many items. */
const standardError = (share: number, items: number): number => Math.sqrt((share * (1 - share)) / items);

/** A measured number of all methods over the steps. */
function over(
  results: ReadonlyMap<string, MethodResult>,
  name: string,
  title: string,
  reference: { name: string; y: number },
): Figure {
  const series = [...results]
    .filter(([method]) => method !== onTarget)
    .map(([method, { history }]) => ({ name: method, points: validationCurve(history, name) }));
  return { kind: 'curves', title, xLabel: 'step', yLabel: name, series, references: [reference] };
}

/** Test items of both domains on the two main directions of their features: by domain, and by class. */
async function featureMaps(
  method: string,
  { features }: MethodResult,
  { source, target, classes }: { source: Domain; target: Domain; classes: readonly string[] },
): Promise<Figure[]> {
  const rows = { source: tf.tensor2d(features.source), target: tf.tensor2d(features.target) };
  const points = (await domainPicture(rows)) as { source: Point[]; target: Point[] };
  tf.dispose(rows);
  // As many as there are colours.
  const byClass = classes.slice(0, 6).map((name, number) => ({
    name,
    points: points.target.filter((_point, row) => target.test.labels[row] === number),
  }));
  const caption = 'Test items on the two main directions of the features of both domains.';
  return [
    {
      kind: 'scatter',
      title: `Features by domain: ${method}`,
      caption,
      series: [
        { name: source.name, points: points.source },
        { name: target.name, points: points.target },
      ],
    },
    { kind: 'scatter', title: `Features of ${target.name} by class: ${method}`, caption, series: byClass },
  ];
}
