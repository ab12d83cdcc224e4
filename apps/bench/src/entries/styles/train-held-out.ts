import { domainPicture, type Point, proxyADistance, sourceOnly } from '@crossmodal/adaptation';
import { Random } from '@crossmodal/core';
import type { Image } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Classifier,
  classifierOptimizer,
  classifierParts,
  judge,
  type Labelled,
} from '../domain-adaptation/classifiers.js';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve, validationCurve } from '../shared/curve.js';
import { trainToEnd } from '../shared/train.js';
import { type Method, methods } from './methods.js';
import type { StylesSettings } from './settings.js';
import type { DrawnStyle } from './style-pictures.js';

type Curve = [step: number, value: number][];

/** What came of a training. */
export interface HeldOutOutcome {
  /** Accuracy on test concepts: in the held-out style, and in the others (mean). */
  target: number;
  source: number;
  untrained: number;
  counts: number[][];
  domainAccuracy: Curve;
  /** On the way: proxy A-distance between the test pictures of the held-out style and those of the first of the others, and accuracy. */
  distance: Curve;
  accuracy: Curve;
  /** Features of the same test concepts on their two main directions. */
  map: { source: Point[]; target: Point[] };
}

/** Outcomes by method, for one style. */
export type HeldOutOutcomes = ReadonlyMap<string, HeldOutOutcome>;

/**
 * Trains a classifier of groups on labelled pictures of some styles and, by the method, pictures of another without their labels.
 *
 * @param method undefined: trained on the held-out style with its labels, the upper reference
 */
export async function trainHeldOut(
  method: Method | undefined,
  { sources, heldOut }: { sources: readonly DrawnStyle[]; heldOut: DrawnStyle },
  settings: StylesSettings,
  { seed, shuffle, follow }: { seed: number; shuffle: boolean; follow: Followed },
): Promise<HeldOutOutcome> {
  const { steps, batchSize, measurements } = settings;
  const { encoder, ...others } = classifierParts(settings, seed);
  const options = { features: encoder, ...others };
  const model = method ? methods[method](options, { steps, styles: sources.length }) : sourceOnly(options);
  const classifier: Classifier = { model, encoder };
  const taught = method ? sources : [heldOut];
  const labelsOf = ({ train }: DrawnStyle) =>
    shuffle ? new Random(seed).fork('control').shuffle(train.labels) : train.labels;
  const labels = taught.map(labelsOf);
  const unseen = method?.startsWith('adapted') ? heldOut.train.images : undefined;
  // As many of each style, style after style; concepts differ from style to style.
  const share = Math.max(1, Math.floor(batchSize / taught.length));
  const concepts = heldOut.train.images.length;
  const data = batchesOf(
    concepts,
    async (indices, random) => {
      const prepare = (images: readonly Image[], name: string) =>
        encoder.prepare(images, { training: true, random: random.fork(name) });
      const rows = taught.flatMap((style, number) =>
        indices.slice(0, share).map((index) => {
          const row = (index + number * Math.floor(concepts / taught.length)) % concepts;
          return { image: style.train.images[row]!, label: labels[number]![row]! };
        }),
      );
      const source = await prepare(
        rows.map(({ image }) => image),
        'source',
      );
      const batch = {
        source,
        labels: tf.tensor1d(
          rows.map(({ label }) => label),
          'int32',
        ),
      };
      if (!unseen) return batch;
      const drawn = rows.map(() => unseen[random.integer(unseen.length)]!);
      return { ...batch, target: await prepare(drawn, 'target') };
    },
    { batchSize: Math.max(1, Math.floor(batchSize / taught.length)), seed },
  );
  const { accuracy: untrained } = await accuracyOn(classifier, heldOut.test);
  const history = await trainToEnd(model, classifierOptimizer(steps), data, {
    steps,
    ...follow,
    validateEverySteps: Math.max(1, Math.floor(steps / measurements)),
    validate: async () => {
      const { distance } = await compared(classifier, sources[0]!, heldOut, seed);
      return { 'proxy A-distance': distance, accuracy: (await accuracyOn(classifier, heldOut.test)).accuracy };
    },
  });
  const { accuracy: target, counts } = await accuracyOn(classifier, heldOut.test);
  const onSources: number[] = [];
  for (const { test } of sources) onSources.push((await accuracyOn(classifier, test)).accuracy);
  const { map } = await compared(classifier, sources[0]!, heldOut, seed);
  model.dispose();
  return {
    target,
    source: onSources.reduce((sum, value) => sum + value, 0) / onSources.length,
    ...{ untrained, counts, map },
    domainAccuracy: trainingCurve(history, 'domainAccuracy'),
    distance: validationCurve(history, 'proxy A-distance'),
    accuracy: validationCurve(history, 'accuracy'),
  };
}

async function accuracyOn(classifier: Classifier, test: Labelled): Promise<{ accuracy: number; counts: number[][] }> {
  const { features, ...result } = await judge(classifier, test);
  features.dispose();
  return result;
}

/** How far apart the features of two styles are, and where they lie. */
async function compared(
  classifier: Classifier,
  source: DrawnStyle,
  heldOut: DrawnStyle,
  seed: number,
): Promise<{ distance: number; map: HeldOutOutcome['map'] }> {
  const { features: ofSource } = await judge(classifier, source.test);
  const { features: ofTarget } = await judge(classifier, heldOut.test);
  const rounded = (points: Point[]) => points.map(([x, y]): Point => [Number(x.toFixed(4)), Number(y.toFixed(4))]);
  try {
    const { distance } = await proxyADistance(ofSource, ofTarget, { seed, steps: 100 });
    const points = (await domainPicture({ source: ofSource, target: ofTarget })) as HeldOutOutcome['map'];
    return { distance, map: { source: rounded(points.source), target: rounded(points.target) } };
  } finally {
    tf.dispose([ofSource, ofTarget]);
  }
}
