import { retrievalMetrics } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import type { History } from '@crossmodal/core/train';
import type { Image } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import type { Corpus } from '../../data/corpus.js';
import { type AlignmentSettings, pairEncoder, pairOptimizer } from '../alignment/model.js';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { captionOf, partialCaption } from '../shared/captions.js';
import { cutOffsFor } from '../shared/retrieval.js';
import { trainToEnd } from '../shared/train.js';
import { type StyleBatch, type StyleMethod, styleMethods, stylePairLosses } from './methods.js';

/** Pictures of the same emojis: row i belongs to emoji i of the corpus. */
export interface StyledPictures {
  train: Image[];
  test: Image[];
}

/** Recall of test pictures by their captions, at the widest cut-off. */
export interface StyleRecalls {
  target: number;
  source: number;
  untrained: number;
  chance: number;
  history: History;
}

/**
 * Trains a dual encoder on named pictures of the source and, by a method, unnamed ones of the target; it is judged on the test emojis of
 * both. `plain` leaves the target's pictures out.
 */
export async function trainStyle(
  method: StyleMethod | 'plain',
  corpus: Corpus,
  { source, target }: { source: StyledPictures; target: StyledPictures },
  settings: AlignmentSettings,
  { seed, shuffle, follow }: { seed: number; shuffle: boolean; follow: (steps: number) => Followed },
): Promise<StyleRecalls> {
  const { epochs, batchSize, learningRate } = settings;
  const { model, image, text } = pairEncoder(settings, { corpus, seed, pairLoss: stylePairLosses[method] });
  const captioned = shuffle ? new Random(seed).fork('control').shuffle(corpus.train) : corpus.train;
  const data = batchesOf(
    corpus.train.length,
    async (indices, random): Promise<StyleBatch> => {
      const prepared = (pictures: readonly Image[], name: string) =>
        image.prepare(pictures, { training: true, random: random.fork(name) });
      const pictures = indices.map((index) => source.train[index]!);
      // The target's pictures come in an order of their own: none belongs to a name of the batch.
      const others = random.fork('target order');
      const unnamed = indices.map(() => target.train[others.integer(target.train.length)]!);
      return {
        source: {
          image: await prepared(pictures, 'source'),
          text: await text.prepare(indices.map((index) => partialCaption(captioned[index]!, random))),
        },
        target: method === 'plain' ? {} : { image: await prepared(unnamed, 'target') },
      };
    },
    { batchSize, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const recall = async (pictures: readonly Image[]) => {
    const rows = {
      image: await model.embedItems('image', pictures, { batchSize: 128 }),
      text: await model.embedItems('text', corpus.test.map(captionOf), { batchSize: 128 }),
    };
    const widest = cutOffsFor(pictures.length).at(-1)!;
    const { recall: found, chance } = await retrievalMetrics(rows.text, rows.image, { k: [widest] });
    tf.dispose([rows.image, rows.text]);
    return { found: found[widest]!, chance: chance.recall[widest]! };
  };
  const { found: untrained, chance } = await recall(target.test);
  const joint =
    method === 'plain'
      ? {
          loss: ({ source }: StyleBatch, options?: { training?: boolean }) => model.loss(source, options),
          namedVariables: model.namedVariables,
        }
      : styleMethods[method](model, { steps, seed });
  const history = await trainToEnd(joint, pairOptimizer({ learningRate, steps }), data, { steps, ...follow(steps) });
  const result = {
    target: (await recall(target.test)).found,
    source: (await recall(source.test)).found,
    ...{ untrained, chance, history },
  };
  model.dispose();
  return result;
}
