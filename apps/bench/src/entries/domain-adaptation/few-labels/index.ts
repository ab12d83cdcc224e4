import { type DomainAdapter, digitFeatures, sourceOnly } from '@crossmodal/adaptation';
import { meanAndDeviation } from '@crossmodal/core/metrics';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Settings } from '../../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../../entry.js';
import { type DigitSettings, digitSettings, trainDigits } from '../digits/index.js';
import { openDomain, requireSameClasses } from '../digits/open-domain.js';
import { domainOf } from '../digits/picture-domain.js';
import type { LabelledSet } from '../labelled-set.js';
import { findMethod, recipe } from '../methods.js';
import { drawFew, type FineTuning, fineTuned } from './fine-tune.js';
import { publishedTower } from './tower.js';

interface FewLabelsSettings extends DigitSettings {
  /** Labels per class. */
  counts: number[];
  draws: number;
  fineTuningSteps: number;
  /** Test pictures that the published tower looks at. */
  towerTests: number;
}

const settings: Settings<FewLabelsSettings> = {
  quick: {
    ...{ ...digitSettings.quick, measurements: 1 },
    ...{ counts: [1, 5, 10], draws: 3, fineTuningSteps: 300, towerTests: 500 },
  },
  smoke: { ...digitSettings.smoke, counts: [1, 2], draws: 2, fineTuningSteps: 2, towerTests: 8 },
};

export const fewLabelsEntry: Entry = {
  id: 'few-labels',
  paradigm: 'transfer',
  title: 'A few labels of the target, from weights that know the source',
  question: 'What do 1, 5 or 10 labels per class bring, on top of source weights or adapted ones, or from nothing?',
  run: (context) => runFewLabels(context),
};

/** One way to start, and what of it is trained. */
interface Way {
  name: string;
  model: DomainAdapter;
  frozen: boolean;
  train: LabelledSet;
  test: LabelledSet;
}

async function runFewLabels(
  context: EntryContext,
  own: FewLabelsSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, models } = context;
  const options = { dataFolder: context.dataFolder, limit: own.limit };
  const [first, second] = [await openDomain('mnist', options), await openDomain('mnist-m', options)];
  requireSameClasses(first, second);
  const classes = first.classes.length;
  const [source, target] = [domainOf(first, first.classes), domainOf(second, first.classes)];
  const trained = async (method: string) =>
    trainDigits(context, own, { method: findMethod(method), source, target, classes, label: method });
  const plain = await trained('source only');
  const adapted = await trained(recipe);
  const features = digitFeatures({ seed: seed + 1, filters: own.filters });
  const scratch = sourceOnly({ features, classes, seed });
  const { train, test } = target;
  const ways: Way[] = [
    { name: 'source weights, features frozen', model: plain.model, frozen: true, train, test },
    { name: 'source weights, all trained', model: plain.model, frozen: false, train, test },
    { name: 'adapted weights, features frozen', model: adapted.model, frozen: true, train, test },
    { name: 'adapted weights, all trained', model: adapted.model, frozen: false, train, test },
    { name: 'from nothing', model: scratch, frozen: false, train, test },
  ];
  const accuracies = new Map<string, Map<number, number[]>>(ways.map(({ name }) => [name, new Map()]));
  const tune = async ({ name, model, frozen, train, test }: Way, count: number, draw: number) => {
    context.progress(`${name}: ${count} labels per class, draw ${draw + 1} of ${own.draws}`);
    const how: FineTuning = { frozen, steps: own.fineTuningSteps, seed: draw };
    const value = await fineTuned(model, shuffledIf(context, drawn(train, count, draw), draw), test, how);
    const of = accuracies.get(name)!;
    of.set(count, [...(of.get(count) ?? []), value]);
  };
  for (const count of own.counts) {
    for (let draw = 0; draw < own.draws; draw++) for (const way of ways) await tune(way, count, draw);
  }
  if (models !== undefined) await withTower(models);
  for (const model of [plain.model, adapted.model, scratch]) model.dispose();

  /** A linear classifier on the vectors of a tower that was trained on photographs. */
  async function withTower(folder: string): Promise<void> {
    const name = 'EfficientNet-Lite0 of ImageNet, frozen';
    accuracies.set(name, new Map());
    const tower = await publishedTower(folder);
    const some: LabelledSet = { ...test, count: Math.min(own.towerTests, test.count) };
    const seen = await tower.vectors(some);
    for (const count of own.counts) {
      for (let draw = 0; draw < own.draws; draw++) {
        const vectors = await tower.vectors(drawn(train, count, draw));
        const input = tfl.input({ shape: [tower.dimension] });
        const identity = tfl.model({
          inputs: input,
          outputs: tfl.layers.activation({ activation: 'linear' }).apply(input) as tfl.SymbolicTensor,
        });
        const model = sourceOnly({ features: identity, classes, seed, hidden: [] });
        await tune({ name, model, frozen: false, train: vectors, test: seen }, count, draw);
        model.dispose();
      }
    }
    tower.dispose();
  }

  const summary = [...accuracies].map(([name, values]) => ({
    name,
    points: own.counts.map((count) => ({ ...meanAndDeviation(values.get(count)!), count })),
  }));
  return {
    rows: summary.flatMap(({ name, points }) =>
      points.map(
        ({ count, mean }): Row => ({
          metric: `accuracy on ${target.name}, ${count} labels per class, ${name}`,
          better: 'higher',
          chance: 1 / classes,
          untrained: name.startsWith('adapted')
            ? adapted.target.accuracy
            : name.startsWith('source')
              ? plain.target.accuracy
              : null,
          value: mean,
          published: null,
        }),
      ),
    ),
    headline: ['source weights, all trained', 'adapted weights, features frozen', 'from nothing'].map(
      (name) => `accuracy on ${target.name}, ${own.counts.at(-1)} labels per class, ${name}`,
    ),
    summary:
      `Classifiers learn ${source.name} with labels, or that and ${target.name} without (adapted); then they are fine-tuned on a few labelled ` +
      `pictures of ${target.name}, drawn ${own.draws} times. "Untrained" is the accuracy before a single label of the target.`,
    facts: {
      'Test pictures': `${test.count}${models === undefined ? '' : `; the published tower: ${Math.min(own.towerTests, test.count)}`}`,
      'Steps before, of fine-tuning': `${own.steps}, ${own.fineTuningSteps}`,
      ...Object.fromEntries(
        summary.map(({ name, points }) => [
          name,
          points
            .map(({ count, mean, deviation }) => `${count}: ${mean.toFixed(3)} ± ${deviation.toFixed(3)}`)
            .join('; '),
        ]),
      ),
    },
    figures: [
      {
        kind: 'curves',
        title: `Accuracy on ${target.name} after fine-tuning`,
        xLabel: 'labels per class',
        yLabel: 'accuracy',
        share: true,
        series: summary.map(({ name, points }) => ({
          name,
          points: points.map(({ count, mean }): [number, number] => [count, mean]),
        })),
        references: [
          { name: 'source weights, no label', y: plain.target.accuracy },
          { name: 'adapted weights, no label', y: adapted.target.accuracy },
        ],
      },
    ],
  };
}

/** The same items for all ways. */
const drawn = (set: LabelledSet, count: number, draw: number) => drawFew(set, count, `draw ${draw}`);

/** Control: the labels of the few belong to others. */
function shuffledIf({ shuffle }: EntryContext, set: LabelledSet, draw: number): LabelledSet {
  if (!shuffle) return set;
  const shift = 1 + draw;
  return { ...set, labels: Array.from(set.labels, (_, i) => set.labels[(i + shift) % set.count] as number) };
}
