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
  requireSeed,
  type Savable,
  savedModelFiles,
  type Trainable,
  withoutGradient,
} from '@crossmodal/core';
import { pairsByLabel } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../internal/batch-rows.js';
import { linear } from '../internal/linear.js';
import { encodePlaces, type PlaceTable } from './place-table.js';
import { hingeObjective, type ScoreObjective } from './score-objective.js';
import { logSumExpScore, type ScorePooling } from './score-pooling.js';
import { type PairAttention, type Places, stackedCrossAttention } from './stacked-cross-attention.js';

type Modality = 'image' | 'text';

export interface CoAttentionOptions {
  /** Both with `encodeSequence`: regions of pictures and words of texts (or other places of other modalities). */
  encoders: Record<Modality, Encoder>;
  /** Width of the space in which words and regions are compared. */
  dimension: number;
  seed: number;
  /**
   * Who reads: words look at regions, regions at words, or both, whose scores are then averaged.
   * @default ['text-image', 'image-text']
   */
  directions?: readonly ('text-image' | 'image-text')[];
  /**
   * lambda_1, how sharply a word attends to regions and a region to words.
   * @default {}
   */
  sharpness?: Partial<Record<'text-image' | 'image-text', number>>;
  /**
   * Keeps what is like nothing from being attended to; 0 is the paper, see `stackedCrossAttention`.
   * @default 1
   */
  damping?: number;
  /** @default logSumExpScore() */
  pooling?: ScorePooling;
  /**
   * Whether words and regions count by the lengths of their vectors, so that the model can learn which of them matter.
   * @default false
   */
  weighted?: boolean;
  /**
   * What training makes of the scores.
   * @default hingeObjective()
   */
  objective?: ScoreObjective;
  /**
   * Width of `encodeSequence` where it is not the encoder's dimension.
   * @default {}
   */
  widths?: Partial<Record<Modality, number>>;
}

/** Row i of both belongs together. */
export interface CoAttentionBatch {
  image: Inputs;
  text: Inputs;
  /** [batch] identifiers: rows with equal ones are never negatives for each other (repeated captions). */
  groups?: Tensor1D | undefined;
}

/** Which regions each word looks at, and the reverse, for one pair per row; dispose with `tf.dispose`. */
export type AttentionMaps = {
  /** [batch, words, regions], rows sum to 1. */
  wordsToRegions: Tensor3D;
  /** [batch, regions, words] */
  regionsToWords: Tensor3D;
};

/** A matcher of pictures and texts by their regions and words; see `coAttentionMatcher`. */
export interface CoAttentionMatcher extends Trainable<CoAttentionBatch>, Savable {
  readonly dimension: number;
  /** Regions or words in the common space, [batch, places, dimension], and their mask. */
  places(modality: Modality, inputs: Inputs, options?: { training?: boolean }): { sequence: Tensor3D; mask?: Tensor2D };
  /** Scores of all pairs: [pictures, texts]. */
  scores(image: Places, text: Places): Tensor2D;
  /** The objective over the scores of the batch; terms `loss` and `gap`, how far matching pairs are above their hardest negatives. */
  loss(batch: CoAttentionBatch, options?: { training?: boolean }): LossTerms;
  /** Where words and regions of pair i look. */
  attend(batch: Pick<CoAttentionBatch, 'image' | 'text'>): AttentionMaps;
  /** Raw items to their places, batch by batch, for `rerank`. */
  encodeItems(modality: Modality, items: readonly unknown[], options?: { batchSize?: number }): Promise<PlaceTable>;
  namedVariables(): NamedVariables;
  /** Frees the weights and the encoders. */
  dispose(): void;
}

/**
 * A co-attention matcher (SCAN): a picture and a text match as far as each word finds a region that shows it, and each
 * region a word that names it. More exact than comparing two vectors, and too slow for a large collection: let a dual
 * encoder find the first 50, and `rerank` them.
 *
 * S(I, T) = mean over the directions of `stackedCrossAttention`; L = the objective over the scores of the batch, by default the
 * paper's hinge over its hardest negatives.
 *
 * @throws CrossmodalError when an encoder has no `encodeSequence`, or an option does not fit; by `loss` for a batch of one
 * @see Lee et al.: Stacked cross attention for image-text matching (2018)
 * @example
 * const model = coAttentionMatcher({ encoders: { image, text }, dimension: 64, seed: 1 });
 * const { wordsToRegions } = model.attend({ image: await image.prepare(['harbor.png']), text: await text.prepare(['many boats']) });
 */
export function coAttentionMatcher(options: CoAttentionOptions): CoAttentionMatcher {
  assertKnownOptions('coAttentionMatcher', options, {
    encoders: true,
    dimension: true,
    seed: true,
    directions: true,
    sharpness: true,
    damping: true,
    pooling: true,
    weighted: true,
    objective: true,
    widths: true,
  } satisfies Record<keyof CoAttentionOptions, true>);
  const {
    encoders,
    dimension,
    seed,
    directions = ['text-image', 'image-text'],
    sharpness = {},
    damping = 1, // as stackedCrossAttention
    pooling = logSumExpScore(),
    weighted = false, // the paper
    objective = hingeObjective(), // the paper
    widths = {},
  } = options;
  const where = 'coAttentionMatcher';
  requireInteger(`${where}: dimension`, dimension);
  requireSeed(where, seed);
  const known = ['text-image', 'image-text'];
  if (directions.length === 0 || directions.some((name) => !known.includes(name))) {
    throw new CrossmodalError(
      `${where}: directions must be one or both of ${known.join(', ')}, got ${directions.join(', ') || 'none'}`,
    );
  }
  // lambda_1 of the authors' models on Flickr30K
  const { 'text-image': wordSharpness = 9, 'image-text': regionSharpness = 4 } = sharpness;
  const modalities = ['image', 'text'] as const;
  const random = new Random(seed).fork(where);
  const widthOf = (name: Modality) => widths[name] ?? encoders[name].dimension;
  for (const name of modalities) {
    if (!encoders[name]?.encodeSequence) {
      throw new CrossmodalError(`${where}: the ${name} encoder must have encodeSequence, it has not`, {
        remedy: 'give defineEncoder a sequenceModel',
      });
    }
    requireInteger(`${where}: widths`, widthOf(name));
  }
  const projections = {
    image: linear({ inputs: widthOf('image'), outputs: dimension, random: random.fork('image') }),
    text: linear({ inputs: widthOf('text'), outputs: dimension, random: random.fork('text') }),
  };
  const read = {
    'text-image': (image: Places, text: Places): PairAttention =>
      stackedCrossAttention(text, image, { sharpness: wordSharpness, damping, pooling, weighted }),
    'image-text': (image: Places, text: Places): PairAttention =>
      stackedCrossAttention(image, text, { sharpness: regionSharpness, damping, pooling, weighted }),
  };

  const model: CoAttentionMatcher = {
    dimension,
    places: (modality, inputs, options) =>
      tf.tidy(() => {
        const { sequence, mask } = encoders[modality].encodeSequence!(inputs, {
          training: isTraining('coAttentionMatcher.places', options),
        });
        if (sequence.rank !== 3 || sequence.shape[2] !== widthOf(modality)) {
          throw new CrossmodalError(
            `${where}: the sequence of ${modality} must be [batch, places, ${widthOf(modality)}], got [${sequence.shape}]`,
            { remedy: `say so: widths: { ${modality}: ${sequence.shape[2]} }` },
          );
        }
        const projected = projections[modality].apply(sequence);
        return { sequence: projected, ...(mask ? { mask: tf.cast(mask, 'float32') as Tensor2D } : {}) };
      }),
    scores: (image, text) =>
      tf.tidy(() => {
        const parts = directions.map((direction) => {
          const { scores } = read[direction](image, text);
          return direction === 'image-text' ? scores : (tf.transpose(scores) as Tensor2D);
        });
        return (parts.length === 1 ? parts[0]! : tf.div(tf.addN(parts), parts.length)) as Tensor2D;
      }),
    loss: ({ image, text, groups }, options) => {
      const training = isTraining('coAttentionMatcher.loss', options);
      return tf.tidy(() => {
        const size = requirePairs(where, { image, text });
        if (size < 2) {
          throw new CrossmodalError(`${where}.loss: negatives come from the batch, which needs two rows, got ${size}`);
        }
        if (groups && (groups.rank !== 1 || groups.shape[0] !== size)) {
          throw new CrossmodalError(`${where}.loss: groups must have shape [${size}], got [${groups.shape}]`);
        }
        const scores = model.scores(
          model.places('image', image, { training }),
          model.places('text', text, { training }),
        );
        const negatives = groups ? pairsByLabel(groups, groups).negative : (tf.sub(1, tf.eye(size)) as Tensor2D);
        const gap = withoutGradient(() => {
          const matched = tf.sum(tf.mul(scores, tf.eye(size)), 1);
          return tf.mean(tf.sub(matched, tf.max(tf.sub(scores, tf.mul(tf.sub(1, negatives), 1e9)), 1))) as Scalar;
        });
        return { loss: objective.loss(scores, negatives), gap };
      });
    },
    attend: ({ image, text }) =>
      tf.tidy(() => {
        const size = requirePairs(where, { image, text });
        const regions = model.places('image', image);
        const words = model.places('text', text);
        const pairs = (readers: Places, context: Places, lambda: number): Tensor3D => {
          const rows = Array.from({ length: size }, (_, i) => {
            const own = ({ sequence, mask }: Places): Places => ({
              sequence: tf.slice(sequence, i, 1),
              mask: mask && tf.slice(mask, i, 1),
            });
            const { attention } = stackedCrossAttention(own(readers), own(context), {
              sharpness: lambda,
              damping,
              pooling,
            });
            return tf.reshape(attention, [1, attention.shape[2], attention.shape[3]]) as Tensor3D;
          });
          return tf.concat(rows, 0);
        };
        return {
          wordsToRegions: pairs(words, regions, wordSharpness),
          regionsToWords: pairs(regions, words, regionSharpness),
        };
      }),
    encodeItems: (modality, items, given) =>
      encodePlaces(encoders[modality], items, (inputs) => model.places(modality, inputs), given),
    namedVariables: () => ({
      ...(Object.assign(
        {},
        ...modalities.map((name) => ({
          ...prefixed(name, encoders[name].namedVariables()),
          ...prefixed(`projection/${name}`, projections[name].namedVariables()),
        })),
      ) as NamedVariables),
    }),
    files: (settings) =>
      savedModelFiles(
        {
          type: 'coAttentionMatcher',
          options: { encoders, dimension, seed, directions, sharpness, damping, pooling, weighted, objective, widths },
        },
        model.namedVariables(),
        settings,
      ),
    dispose: () => {
      for (const name of modalities) {
        projections[name].dispose();
        encoders[name].dispose();
      }
    },
  };
  return model;
}

function requirePairs(where: string, batch: Record<Modality, Inputs>): number {
  const rows = (['image', 'text'] as const).map((name) => {
    if (!batch[name]) throw new CrossmodalError(`${where}: a batch needs image and text, got no ${name}`);
    return rowsOf(where, name, batch[name]);
  });
  if (rows[0] !== rows[1]) {
    throw new CrossmodalError(`${where}: rows must belong together, got image ${rows[0]}, text ${rows[1]}`, {
      remedy: 'use scores for all pairs of two collections',
    });
  }
  return rows[0]!;
}
