import { type RetrievalMetrics, retrievalMetrics } from '@crossmodal/alignment';
import { l2Normalize } from '@crossmodal/core/layers';
import type { History } from '@crossmodal/core/train';
import { frechetDistance, manifoldMetrics } from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../../presets.js';
import type { ConfusionFigure, Figure } from '../../report/figure.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import { type Mapping, type MapSettings, methodsOf } from './maps.js';
import { articlePairs, digitPairs, type PairedSet } from './pairs.js';

interface EmbeddingGanSettings extends MapSettings {
  limit: number;
  /** Pixels a side of pictures of digits, written or spoken. */
  side: number;
}

const settings: Settings<EmbeddingGanSettings> = {
  quick: { hidden: [256], steps: 1500, batchSize: 128, limit: Number.POSITIVE_INFINITY, side: 10 },
  smoke: { hidden: [8], steps: 2, batchSize: 16, limit: 120, side: 4 },
};

export const embeddingGanEntry: Entry = {
  id: 'embedding-gan',
  paradigm: 'adversarial map of embeddings',
  title: 'From a picture to its text, from a drawing to its sound',
  question: 'Does a discriminator make a map between two modalities a better one than pairs do alone?',
  run: runEmbeddingGan,
};

/** How well rows of one side, mapped, find those of their class on the other, and how well they imitate them. */
interface Measured {
  there: RetrievalMetrics;
  back: RetrievalMetrics;
  imitation?: { distance: number; recall: number };
}

interface Trial {
  untrained: Measured | undefined;
  trained: Measured;
  history: History | undefined;
}

async function runEmbeddingGan(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed } = context;
  const own = settings[preset];
  const rows: Row[] = [];
  const figures: Figure[] = [];
  const facts: EntryOutcome['facts'] = {};
  for (const set of [await articlePairs(context, own.limit), await digitPairs(context, own)]) {
    const trials = new Map<string, Trial>();
    for (const [name, method] of methodsOf(set, own, seed)) {
      const before = method.untrained?.();
      const untrained = before && (await measure(before, set));
      before?.dispose();
      const { mapping, history } = await method.trained((label) => context.follow(`${set.name}, ${label}`, own.steps));
      trials.set(name, { untrained, trained: await measure(mapping, set), history });
      if (name === 'GAN with pairs') figures.push(await confusion(mapping, set));
      mapping.dispose();
    }
    rows.push(...rowsOf(set, trials));
    figures.push(...figuresOf(set, trials));
    facts[`${set.name}, training pairs`] = set.train.labels.length;
    facts[`${set.name}, test pairs`] = set.test.labels.length;
    facts[`${set.name}, features`] = `${set.train.a.shape[1]} to ${set.train.b.shape[1]}`;
    tf.dispose([set.train.a, set.train.b, set.test.a, set.test.b]);
  }
  return {
    rows,
    headline: rows
      .map(({ metric }) => metric)
      .filter(
        (metric) => metric.startsWith('mAP') && (metric.endsWith('GAN with pairs') || metric.endsWith('correlation')),
      )
      .filter((metric) => metric.includes('picture to text') || metric.includes('drawing to recording')),
    summary:
      'A network maps features of one side to those of the other: Wikipedia (bags of SIFT words of a picture, topics of its article) and digits (pixels of a drawing, ' +
      'of the mel bands of a recording; pairs by the digit). What is mapped then looks for items of its class on the other side. The same network is trained with ' +
      'pairs alone, with a discriminator too, and with a way back; canonical correlation and least squares are closed forms. The distance and the recall say ' +
      'whether mapped rows are distributed as real ones: a map that answers with means finds well and imitates badly.',
    facts: { ...facts, Steps: own.steps },
    figures,
  };
}

async function measure(mapping: Mapping, { test: { a, b, labels } }: PairedSet): Promise<Measured> {
  const [mapped, real] = tf.tidy(
    () => [l2Normalize(mapping.a(a)), l2Normalize(mapping.b(b))] as [tf.Tensor2D, tf.Tensor2D],
  );
  const relevant = { queries: labels, gallery: labels };
  const measured: Measured = {
    there: await retrievalMetrics(mapped, real, { relevant }),
    back: await retrievalMetrics(real, mapped, { relevant }),
    ...(mapping.imitates && {
      imitation: {
        distance: await frechetDistance(real, mapped),
        recall: (await manifoldMetrics(real, mapped, { neighbours: 5 })).recall,
      },
    }),
  };
  tf.dispose([mapped, real]);
  return measured;
}

function rowsOf({ name, from, to, canonical: { published } }: PairedSet, trials: ReadonlyMap<string, Trial>): Row[] {
  return [...trials].flatMap(([method, { untrained, trained }]) => {
    const search = (way: 'there' | 'back', direction: string): Row => ({
      metric: `mAP by class, ${name}, ${direction}: ${method}`,
      better: 'higher',
      chance: trained[way].chance.meanAveragePrecision,
      untrained: untrained?.[way].meanAveragePrecision ?? null,
      value: trained[way].meanAveragePrecision,
      published: (method === 'canonical correlation' && published?.[way]) || null,
    });
    const imitation = (key: 'distance' | 'recall', metric: string, better: Row['better']): Row[] => {
      const value = trained.imitation?.[key];
      if (value === undefined) return [];
      const before = untrained?.imitation?.[key] ?? null;
      const chance = better === 'higher' ? 0 : null;
      return [{ metric: `${metric}, ${name}: ${method}`, better, chance, untrained: before, value, published: null }];
    };
    return [
      search('there', `${from} to ${to}`),
      search('back', `${to} to ${from}`),
      ...imitation('distance', 'Fréchet distance of mapped rows', 'lower'),
      ...imitation('recall', 'recall of real rows', 'higher'),
    ];
  });
}

function figuresOf({ name }: PairedSet, trials: ReadonlyMap<string, Trial>): Figure[] {
  const mean = ({ there, back }: Measured) => (there.meanAveragePrecision + back.meanAveragePrecision) / 2;
  const chance = [...trials.values()][0]!.trained.there.chance.meanAveragePrecision;
  return [
    {
      kind: 'bars',
      title: `mAP by class, ${name}`,
      caption: 'Test items, the mean of both directions.',
      maximum: 1,
      bars: [
        { name: 'chance', value: chance },
        ...[...trials].map(([method, { trained }]) => ({
          name: method,
          value: mean(trained),
          emphasis: method.startsWith('GAN'),
        })),
      ],
    },
    {
      kind: 'curves',
      title: `How far mapped rows differ, ${name}`,
      xLabel: 'step',
      yLabel: 'spread',
      series: [...trials].flatMap(([method, { history }]) => {
        const points = history ? trainingCurve(history, 'generator/spread') : [];
        return points.length > 0 ? [{ name: method, points }] : [];
      }),
    },
  ];
}

/** The class of the nearest row of the other side, for each mapped test row. */
async function confusion(mapping: Mapping, { name, from, to, classes, test }: PairedSet): Promise<ConfusionFigure> {
  const nearest = tf.tidy(() =>
    tf.argMax(tf.matMul(l2Normalize(mapping.a(test.a)), l2Normalize(mapping.b(test.b)), false, true), 1),
  );
  const places = await nearest.data();
  nearest.dispose();
  const counts = classes.map(() => classes.map(() => 0));
  places.forEach((place, row) => {
    counts[test.labels[row]!]![test.labels[place]!]!++;
  });
  return {
    kind: 'confusion',
    title: `Nearest ${to} of a mapped ${from}, ${name}`,
    caption: 'GAN with pairs, test items.',
    classes,
    counts,
  };
}
