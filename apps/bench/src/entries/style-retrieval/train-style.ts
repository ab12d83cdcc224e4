import { domainPicture, type Point, proxyADistance } from '@crossmodal/adaptation';
import { type DualEncoder, retrievalMetrics } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import type { Image } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Corpus } from '../../data/corpus.js';
import { pairEncoder, pairOptimizer } from '../alignment/model.js';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { captionOf, partialCaption } from '../shared/captions.js';
import { trainingCurve, validationCurve } from '../shared/curve.js';
import { groupNames, groupOf } from '../shared/groups.js';
import { cutOffsFor, exampleRows } from '../shared/retrieval.js';
import { trainToEnd } from '../shared/train.js';
import { type StyleBatch, type StyleMethod, styleMethods, stylePairLosses } from './methods.js';
import { withOwnStatistics } from './own-statistics.js';
import type { StyleSettings } from './settings.js';

/** Pictures of the same emojis: row i belongs to emoji i of the corpus. */
export interface StyledPictures {
  train: Image[];
  test: Image[];
}

type Curve = [step: number, value: number][];

/** What came of a training. Recalls are those of test pictures by their captions, at the widest cut-off. */
export interface StyleOutcome {
  /** As the training leaves the model. */
  target: number;
  /** Normalised by the statistics of training pictures of the target: what that alone does for a model that never saw it. */
  targetStatistics: number;
  /** Normalised by the statistics of training pictures of the source. */
  source: number;
  untrained: number;
  chance: number;
  /** How often the style is told in training. */
  domainAccuracy: Curve;
  /** On the way: proxy A-distance of the test pictures of both styles, each normalised by its own statistics, and recall on the target. */
  distance: Curve;
  recall: Curve;
  /** Test pictures on the two main directions of their embeddings, in the order of the corpus. */
  map: { source: Point[]; target: Point[] };
  /** Counts by group: of the emoji asked for, and of the line drawing found first. */
  confusion: number[][];
}

/**
 * Trains a dual encoder on named pictures of the source and, by a method, unnamed ones of the target; it is judged on the test emojis of
 * both. `plain` leaves the target's pictures out.
 */
export async function trainStyle(
  method: StyleMethod | 'plain',
  corpus: Corpus,
  { source, target }: { source: StyledPictures; target: StyledPictures },
  settings: StyleSettings,
  { seed, shuffle, follow }: { seed: number; shuffle: boolean; follow: (steps: number) => Followed },
): Promise<StyleOutcome> {
  const { epochs, batchSize, learningRate, beta1, measurements } = settings;
  const { model, image, text } = pairEncoder(settings, {
    captions: corpus.train.map(captionOf),
    seed,
    pairLoss: stylePairLosses[method],
  });
  const captioned = shuffle ? new Random(seed).fork('control').shuffle(corpus.train) : corpus.train;
  const prepared = (pictures: readonly Image[], random: Random) => image.prepare(pictures, { training: true, random });
  const data = batchesOf(
    corpus.train.length,
    async (indices, random): Promise<StyleBatch> => {
      const pictures = indices.map((index) => source.train[index]!);
      // The target's pictures come in an order of their own: none belongs to a name of the batch.
      const others = random.fork('target order');
      const unnamed = indices.map(() => target.train[others.integer(target.train.length)]!);
      return {
        source: {
          image: await prepared(pictures, random.fork('source')),
          text: await text.prepare(indices.map((index) => partialCaption(captioned[index]!, random))),
        },
        target: method === 'plain' ? {} : { image: await prepared(unnamed, random.fork('target')) },
      };
    },
    { batchSize, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const recall = (pictures: readonly Image[]) => withEmbeddings(model, corpus, pictures, recallOf);
  // Of all kinds: the first pictures of the collection are all faces, whose statistics cost .03 of recall.
  const rows = exampleRows(corpus.train.length, statisticsRows);
  const statistics = {
    source: await image.prepare(rows.map((row) => source.train[row]!)),
    target: await image.prepare(rows.map((row) => target.train[row]!)),
  };
  const embedded = async (domain: 'source' | 'target') =>
    withOwnStatistics(model, statistics[domain], () =>
      model.embedItems('image', { source, target }[domain].test, { batchSize: 128 }),
    );
  const ofBoth = async <T>(measure: (rows: { source: Tensor2D; target: Tensor2D }) => Promise<T>): Promise<T> => {
    const rows = { source: await embedded('source'), target: await embedded('target') };
    try {
      return await measure(rows);
    } finally {
      tf.dispose([rows.source, rows.target]);
    }
  };
  const joint =
    method === 'plain'
      ? {
          loss: ({ source }: StyleBatch, options?: { training?: boolean }) => model.loss(source, options),
          namedVariables: model.namedVariables,
        }
      : styleMethods[method](model, { steps, seed });
  const { recall: untrained, chance } = await recall(target.test);
  const optimizer = pairOptimizer({ learningRate, steps, beta1 });
  const history = await trainToEnd(joint, optimizer, data, {
    steps,
    ...follow(steps),
    validateEverySteps: Math.max(1, Math.floor(steps / measurements)),
    validate: async () => ({
      'proxy A-distance': await ofBoth(
        async (rows) => (await proxyADistance(rows.source, rows.target, { seed, steps: 100 })).distance,
      ),
      recall: (await recall(target.test)).recall,
    }),
  });
  const outcome = {
    target: (await recall(target.test)).recall,
    targetStatistics: (await withOwnStatistics(model, statistics.target, () => recall(target.test))).recall,
    source: (await withOwnStatistics(model, statistics.source, () => recall(source.test))).recall,
    ...{ untrained, chance },
    domainAccuracy: trainingCurve(history, 'domainAccuracy/image'),
    distance: validationCurve(history, 'proxy A-distance'),
    recall: validationCurve(history, 'recall'),
    map: await ofBoth(mapOf),
    confusion: await withEmbeddings(model, corpus, target.test, (rows) => groupsFound(rows, corpus)),
  };
  tf.dispose(statistics);
  model.dispose();
  return outcome;
}

/** Pictures that statistics are taken of. */
const statisticsRows = 512;

type Model = DualEncoder<'image' | 'text'>;
interface Rows {
  image: Tensor2D;
  text: Tensor2D;
}

/** Something measured on embeddings of pictures and of the captions of the test emojis. */
async function withEmbeddings<T>(
  model: Model,
  corpus: Corpus,
  pictures: readonly Image[],
  measure: (rows: Rows) => Promise<T>,
): Promise<T> {
  const rows = {
    image: await model.embedItems('image', pictures, { batchSize: 128 }),
    text: await model.embedItems('text', corpus.test.map(captionOf), { batchSize: 128 }),
  };
  try {
    return await measure(rows);
  } finally {
    tf.dispose([rows.image, rows.text]);
  }
}

async function recallOf({ image, text }: Rows): Promise<{ recall: number; chance: number }> {
  const widest = cutOffsFor(image.shape[0]).at(-1)!;
  const { recall, chance } = await retrievalMetrics(text, image, { k: [widest] });
  return { recall: recall[widest]!, chance: chance.recall[widest]! };
}

async function groupsFound({ image, text }: Rows, corpus: Corpus): Promise<number[][]> {
  const best = tf.tidy(() => tf.argMax(tf.matMul(text, image, false, true), 1));
  const found = await best.data();
  best.dispose();
  const counts = groupNames.map(() => groupNames.map(() => 0));
  corpus.test.forEach((emoji, row) => {
    const [asked, taken] = [groupOf(emoji), groupOf(corpus.test[found[row]!]!)];
    // Flags are in no group.
    if (asked >= 0 && taken >= 0) counts[asked]![taken]!++;
  });
  return counts;
}

async function mapOf(rows: { source: Tensor2D; target: Tensor2D }): Promise<StyleOutcome['map']> {
  const rounded = (points: Point[]) => points.map(([x, y]): Point => [Number(x.toFixed(4)), Number(y.toFixed(4))]);
  const points = (await domainPicture(rows)) as StyleOutcome['map'];
  return { source: rounded(points.source), target: rounded(points.target) };
}
