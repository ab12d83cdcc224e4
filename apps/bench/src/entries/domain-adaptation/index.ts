import { principalComponents, proxyADistance } from '@crossmodal/adaptation';
import { Random } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import { openMojiCorpus } from '../../data/corpus.js';
import type { Emoji } from '../../data/openmoji.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import { groupNames, groupOf } from '../shared/groups.js';
import { decodePictures, pngOf } from '../shared/images.js';
import {
  type Adaptation,
  buildClassifier,
  type Classifier,
  judge,
  type Labelled,
  trainClassifier,
} from './classifiers.js';
import { colourClassifier } from './colour-classifier.js';
import { classifierSettings } from './settings.js';

/** Points of the feature map per domain. */
const mapPoints = 150;

export const domainAdaptation: Entry = {
  id: 'domain-adaptation',
  paradigm: 'domain adaptation (DANN, MMD)',
  title: 'From colour pictures to line drawings without a single label',
  question: 'Does a classifier of colour emojis learn to read line drawings that nobody labelled?',
  run: runDomainAdaptation,
};

async function runDomainAdaptation(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const { limit, ...size } = classifierSettings[preset];
  const { train, test } = openMojiCorpus(context.openmoji, { keep: (emoji) => groupOf(emoji) >= 0, limit });
  const load = async (emojis: readonly Emoji[], style: 'color' | 'black', shuffled = false): Promise<Labelled> => {
    const files = await context.pictures(
      emojis.map(({ hexcode }) => hexcode),
      style,
    );
    const labels = emojis.map(groupOf);
    return {
      images: await decodePictures(files, size),
      labels: shuffled ? new Random(seed).fork('control').shuffle(labels) : labels,
    };
  };
  const colour = await load(train, 'color', shuffle);
  const lines = await load(train, 'black', shuffle);
  const testColour = await load(test, 'color');
  const testLines = await load(test, 'black');

  const measure = async (classifier: Classifier) => {
    const onLines = await judge(classifier, testLines);
    const onColour = await judge(classifier, testColour);
    const maps = await Promise.all([onColour, onLines].map(({ features }) => features.array()));
    const { distance } = await proxyADistance(onColour.features, onLines.features, { seed });
    tf.dispose([onLines.features, onColour.features]);
    return { lines: onLines.accuracy, colour: onColour.accuracy, counts: onLines.counts, maps, distance };
  };
  const experiment = async (label: string, adaptation: Adaptation, labelled: Labelled) => {
    const classifier = buildClassifier(size, { seed, adaptation });
    const { lines: untrained } = await measure(classifier);
    const target = adaptation === 'none' ? undefined : lines.images;
    const follow = context.follow(label, size.steps);
    const history = await trainClassifier(classifier, labelled, target, size, { seed, follow });
    const result = { ...(await measure(classifier)), untrained, history };
    classifier.model.dispose();
    return result;
  };
  // Equal seeds and settings: the classifier that other entries use is the one that never sees a line drawing.
  const source = shuffle
    ? await experiment('source only', 'none', colour)
    : await measure((await colourClassifier(context)).classifier);
  const adapted = await experiment('gradient reversal', 'reversal', colour);
  const matched = await experiment('discrepancy', 'discrepancy', colour);
  const reference = await experiment('trained on target', 'none', lines);

  const frequency = groupNames.map((_, index) => testLines.labels.filter((label) => label === index).length);
  const chance = Math.max(...frequency) / testLines.labels.length;
  const examples = await Promise.all([testColour, testLines].map(({ images }) => pictureRow(images)));
  return {
    rows: (
      [
        ['adapted by gradient reversal (DANN)', adapted.lines, adapted.untrained],
        ['adapted by feature matching (MMD)', matched.lines, matched.untrained],
        ['source only', source.lines, adapted.untrained],
        ['trained on them', reference.lines, reference.untrained],
      ] as const
    ).map(
      ([how, value, untrained]): Row => ({
        metric: `accuracy on line drawings, ${how}`,
        better: 'higher',
        chance,
        untrained,
        value,
        published: null,
      }),
    ),
    summary:
      'A classifier of eight groups is trained on colour pictures with labels and on line drawings without any. Two ways to make ' +
      'its features blind to the style: a reversed gradient from a classifier of the style (DANN), and a distance between the two clouds of features (maximum mean discrepancy). Each should come out above the same classifier without line drawings ' +
      '(source only) and below one that was given their labels. Chance is the share of the largest group.',
    facts: {
      'Training pictures': `${train.length} per style`,
      'Test emojis': test.length,
      Groups: groupNames.length,
      Steps: size.steps,
      'Proxy A-distance between the styles (0 alike, 2 apart)': `${source.distance.toFixed(2)} source only, ${adapted.distance.toFixed(2)} DANN, ${matched.distance.toFixed(2)} MMD`,
      'Colour accuracy': `${source.colour.toFixed(3)} source only, ${adapted.colour.toFixed(3)} DANN, ${matched.colour.toFixed(3)} MMD`,
    },
    figures: [
      {
        kind: 'pictures',
        title: 'The two domains',
        caption: 'Test emojis: in colour above, as line drawings below.',
        rows: examples.map((pictures) => ({ pictures })),
      },
      {
        kind: 'bars',
        title: 'Accuracy on line drawings',
        caption: 'Held-out emojis.',
        maximum: 1,
        bars: [
          { name: 'largest group', value: chance },
          { name: 'source only', value: source.lines },
          { name: 'gradient reversal', value: adapted.lines, emphasis: true },
          { name: 'feature matching', value: matched.lines, emphasis: true },
          { name: 'trained on target', value: reference.lines },
        ],
      },
      {
        kind: 'curves',
        title: 'Gradient reversal: losses',
        xLabel: 'step',
        yLabel: 'nats',
        series: [
          { name: 'labels', points: trainingCurve(adapted.history, 'classification') },
          { name: 'domain classifier', points: trainingCurve(adapted.history, 'domain') },
        ],
        references: [{ name: 'domains alike: log 2', y: Math.log(2) }],
      },
      {
        kind: 'curves',
        title: 'Gradient reversal: how often the style is told',
        xLabel: 'step',
        yLabel: 'share right',
        share: true,
        series: [{ name: 'domain classifier', points: trainingCurve(adapted.history, 'domainAccuracy') }],
        references: [{ name: 'cannot tell', y: 0.5 }],
      },
      {
        kind: 'confusion',
        title: 'Gradient reversal, on line drawings',
        caption: 'Rows: what it is. Columns: what it was taken for, in per cent.',
        classes: [...groupNames],
        counts: adapted.counts,
      },
      await featureMap('Features without adaptation', source.maps),
      await featureMap('Features with gradient reversal', adapted.maps),
      await classMap('Features of line drawings by group, gradient reversal', adapted.maps[1] ?? [], testLines.labels),
    ],
  };
}

async function pictureRow(images: Labelled['images']): Promise<Uint8Array[]> {
  const stride = Math.max(1, Math.floor(images.length / 12));
  return Promise.all(
    images
      .filter((_, index) => index % stride === 0)
      .slice(0, 12)
      .map(pngOf),
  );
}

/** Line drawings on the two main directions of their features, by what they show. */
async function classMap(title: string, features: readonly number[][], labels: readonly number[]) {
  const rows = tf.tensor2d(features as number[][]);
  const points = await onTwoComponents(rows);
  rows.dispose();
  const series = groupNames
    .map((name, group) => ({ name, points: points.filter((_, row) => labels[row] === group) }))
    .sort((a, b) => b.points.length - a.points.length)
    .slice(0, 6); // as many as there are colours
  return { kind: 'scatter' as const, title, caption: 'Test emojis as line drawings, the six largest groups.', series };
}

async function featureMap(title: string, [colour = [], lines = []]: number[][][]) {
  const count = Math.min(mapPoints, colour.length);
  const rows = tf.tensor2d([...colour.slice(0, count), ...lines.slice(0, count)]);
  const points = await onTwoComponents(rows);
  rows.dispose();
  return {
    kind: 'scatter' as const,
    title,
    caption: 'The same test emojis in both styles, on the two main directions of the features.',
    series: [
      { name: 'colour', points: points.slice(0, count) },
      { name: 'line drawings', points: points.slice(count) },
    ],
  };
}

/** Rows on their two main directions. */
async function onTwoComponents(rows: tf.Tensor2D): Promise<[number, number][]> {
  const components = await principalComponents(rows, { components: 2 });
  const projected = components.project(rows);
  const points = (await projected.array()) as [number, number][];
  projected.dispose();
  components.dispose();
  return points;
}
