import {
  assertKnownOptions,
  CrossmodalError,
  type Encoder,
  type Inputs,
  isTraining,
  type LossTerms,
  type NamedVariables,
  prefixed,
  Random,
  requireInteger,
  requireRate,
  requireSeed,
  type Savable,
  savedModelFiles,
  type Trainable,
  withoutGradient,
} from '@crossmodal/core';
import { dropout } from '@crossmodal/core/layers';
import { binaryCrossEntropy, pairsByIndex, pairsByLabel } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../internal/batch-rows.js';
import { linear } from '../internal/linear.js';
import { type NegativeChoice, rolledNegatives } from './negatives.js';

export interface MatchModelOptions<A extends string, B extends string> {
  /** The encoders of exactly two modalities; the order counts for `scores`. */
  encoders: Record<A | B, Encoder>;
  seed: number;
  /**
   * Width of the hidden layer.
   * @default 256
   */
  hidden?: number;
  /**
   * Share of the hidden values set to zero when training.
   * @default 0.3
   */
  dropout?: number;
  /**
   * Where the pairs that do not match come from.
   * @default rolledNegatives()
   */
  negatives?: NegativeChoice;
}

/** Row i of both modalities belongs together. */
export type MatchBatch<M extends string = string> = Record<M, Inputs> & {
  /** [batch] identifiers: rows with equal ones match each other too and are never negatives (repeated captions). */
  groups?: Tensor1D | undefined;
};

/** A model of whether two items belong together; see `matchModel`. */
export interface MatchModel<M extends string = string> extends Trainable<MatchBatch<M>>, Savable {
  readonly modalities: readonly M[];
  /** Logits of the pairs (i, i): [batch]. */
  logits(batch: Record<M, Inputs>, options?: { training?: boolean }): Tensor1D;
  /** Logits of all pairs: [rows of the first modality, rows of the second]. */
  scores(batch: Record<M, Inputs>, options?: { training?: boolean }): Tensor2D;
  /** Mean binary cross entropy over matching and not matching pairs; terms `loss` and `accuracy`. */
  loss(batch: MatchBatch<M>, options?: { training?: boolean }): LossTerms;
  namedVariables(): NamedVariables;
  /** Frees the weights and the encoders. */
  dispose(): void;
}

/**
 * A match model: the vectors of two encoders, side by side, through linear, dropout, ReLU and linear to one logit.
 *
 * l(a, b) = w^T relu(dropout(W [f(a), g(b)] + c)) + d; L = mean [ BCE(l(a_i, b_i), 1), BCE(l(a_i, b_n(i)), 0) ], where n(i)
 * is a row of the same batch that does not belong to i: real items, wrongly paired.
 *
 * @throws CrossmodalError when there are not two modalities, or an option does not fit; by `loss` for batches of one row
 * @example
 * const model = matchModel({ encoders: { text, audio }, hidden: 256, dropout: 0.3, seed: 1 });
 * const { loss, accuracy } = model.loss({ text: words, audio: recordings }, { training: true });
 */
export function matchModel<A extends string, B extends string>(options: MatchModelOptions<A, B>): MatchModel<A | B> {
  assertKnownOptions('matchModel', options, {
    encoders: true,
    seed: true,
    hidden: true,
    dropout: true,
    negatives: true,
  } satisfies Record<keyof MatchModelOptions<A, B>, true>);
  const { encoders, seed, hidden = 256, dropout: rate = 0.3, negatives = rolledNegatives() } = options;
  type M = A | B;
  const names = Object.keys(encoders) as M[];
  if (names.length !== 2 || names.includes('groups' as M)) {
    throw new CrossmodalError(
      `matchModel: encoders must have exactly two modalities, not called groups, got ${names.join(', ') || 'none'}`,
    );
  }
  requireInteger('matchModel: hidden', hidden);
  requireRate('matchModel: dropout', rate);
  requireSeed('matchModel', seed);
  const [first, second] = names as [M, M];
  const random = new Random(seed).fork('matchModel');
  // The matrix over both vectors side by side is the sum of one over each: so all pairs of a batch cost two products.
  const width = encoders[first].dimension + encoders[second].dimension;
  const joint = linear({ inputs: width, outputs: hidden, random: random.fork('joint') });
  const output = linear({ inputs: hidden, outputs: 1, random: random.fork('output') });
  const noise = random.fork('dropout');
  const chance = random.fork('negatives');

  /** Both shares of the hidden layer's input: [rows, hidden] each. */
  const halves = (batch: Record<M, Inputs>, training: boolean): [Tensor2D, Tensor2D] => {
    for (const name of names) {
      if (!batch[name]) throw new CrossmodalError(`matchModel: a batch needs ${first} and ${second}, got no ${name}`);
    }
    const a = encoders[first].encode(batch[first], { training });
    const b = encoders[second].encode(batch[second], { training });
    const { kernel, bias } = joint.namedVariables();
    const split = encoders[first].dimension;
    const upper = tf.slice(kernel as unknown as Tensor2D, [0, 0], [split, hidden]);
    const lower = tf.slice(kernel as unknown as Tensor2D, [split, 0], [width - split, hidden]);
    return [tf.add(tf.matMul(a, upper), bias!) as Tensor2D, tf.matMul(b, lower)];
  };
  const logitsOf = (sum: Tensor2D, training: boolean): Tensor1D =>
    tf.reshape(output.apply(tf.relu(dropout(sum, { rate, random: noise, training }))), [-1]);
  const allPairs = (a: Tensor2D, b: Tensor2D): Tensor2D => {
    const sums = tf.add(tf.expandDims(a, 1), tf.expandDims(b, 0));
    return tf.reshape(logitsOf(tf.reshape(sums, [-1, hidden]), false), [a.shape[0], b.shape[0]]);
  };
  const requireRowPairs = (batch: Record<M, Inputs>): number => {
    const rows = names.map((name) => (batch[name] ? rowsOf('matchModel', name, batch[name]) : 0));
    if (rows[0] !== rows[1]) {
      throw new CrossmodalError(
        `matchModel: rows must belong together, got ${names.map((name, i) => `${name} ${rows[i]}`).join(', ')}`,
        { remedy: 'use scores for all pairs of two collections' },
      );
    }
    return rows[0] ?? 0;
  };

  const model: MatchModel<M> = {
    modalities: names,
    logits: (batch, options) => {
      const training = isTraining('matchModel.logits', options);
      return tf.tidy(() => {
        requireRowPairs(batch);
        const [a, b] = halves(batch, training);
        return logitsOf(tf.add(a, b), training);
      });
    },
    scores: (batch, options) => tf.tidy(() => allPairs(...halves(batch, isTraining('matchModel.scores', options)))),
    loss: (batch, options) => {
      const training = isTraining('matchModel.loss', options);
      return tf.tidy(() => {
        const size = requireRowPairs(batch);
        if (size < 2) {
          throw new CrossmodalError(
            `matchModel.loss: negatives come from the batch, which needs two rows, got ${size}`,
          );
        }
        const { groups } = batch;
        if (groups && (groups.rank !== 1 || groups.shape[0] !== size)) {
          throw new CrossmodalError(`matchModel.loss: groups must have shape [${size}], got [${groups.shape}]`);
        }
        const [a, b] = halves(batch, training);
        // Made also where it is not asked for: it refuses groups that cannot be told apart.
        const own = groups && withoutGradient(() => pairsByLabel(groups, groups).negative);
        const strangers = () => own ?? pairsByIndex(size).negative;
        const chosen = withoutGradient(() =>
          negatives.choose({ size, negatives: strangers, logits: () => allPairs(a, b), random: chance }),
        );
        const wrong = tf.gather(b, chosen);
        const logits = logitsOf(tf.concat([tf.add(a, b), tf.add(a, wrong)], 0) as Tensor2D, training);
        const targets = tf.concat([tf.ones([size]), tf.zeros([size])], 0) as Tensor1D;
        // A row whose partner was taken from its own group is no negative: it does not count.
        const real = groups
          ? withoutGradient(() => tf.cast(tf.notEqual(tf.gather(groups, chosen), groups), 'float32') as Tensor1D)
          : tf.ones<tf.Rank.R1>([size]);
        const weights = tf.concat([tf.ones<tf.Rank.R1>([size]), real], 0);
        const mean = (values: Tensor1D) => tf.div(tf.sum(tf.mul(values, weights)), tf.sum(weights)) as Scalar;
        const hits = withoutGradient(
          () => tf.cast(tf.equal(tf.cast(tf.greater(logits, 0), 'float32'), targets), 'float32') as Tensor1D,
        );
        return { loss: mean(binaryCrossEntropy(logits, targets, { reduction: 'none' })), accuracy: mean(hits) };
      });
    },
    namedVariables: () => ({
      ...(Object.assign({}, ...names.map((name) => prefixed(name, encoders[name].namedVariables()))) as NamedVariables),
      ...prefixed('joint', joint.namedVariables()),
      ...prefixed('output', output.namedVariables()),
    }),
    files: (settings) =>
      savedModelFiles(
        { type: 'matchModel', options: { encoders, seed, hidden, dropout: rate, negatives } },
        model.namedVariables(),
        settings,
      ),
    dispose: () => {
      joint.dispose();
      output.dispose();
      for (const name of names) encoders[name].dispose();
    },
  };
  return model;
}
