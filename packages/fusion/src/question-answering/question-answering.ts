import {
  assertKnownOptions,
  CrossmodalError,
  type Encoder,
  type Inputs,
  type LossTerms,
  type NamedVariables,
  requireInteger,
  type Savable,
  savedModelFiles,
  type Trainable,
} from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type FusionClassifierOptions, fusionClassifier } from '../classifier/fusion-classifier.js';
import { crossAttention } from '../strategies/cross-attention.js';

export interface QuestionAnsweringOptions
  extends Pick<FusionClassifierOptions<'image'>, 'strategy' | 'hidden' | 'dropout' | 'labelSmoothing' | 'seed'> {
  image: Encoder;
  question: Encoder;
  /** What can be answered, in the order of the logits. */
  answers: readonly string[];
}

/** Pictures and questions, row by row, and the places of the right answers in `answers`: [batch], int32. */
export interface QuestionBatch {
  image: Inputs;
  question: Inputs;
  answers: Tensor1D;
}

/** An answer with its probability. */
export interface Answer {
  answer: string;
  probability: number;
}

/** A model that answers questions about pictures; see `questionAnswering`. */
export interface QuestionAnswering extends Trainable<QuestionBatch>, Savable {
  readonly answers: readonly string[];
  /** Logits [batch, answers], differentiable. */
  logits(batch: Pick<QuestionBatch, 'image' | 'question'>, options?: { training?: boolean }): Tensor2D;
  /** Mean cross entropy; terms `loss` and `accuracy`. */
  loss(batch: QuestionBatch, options?: { training?: boolean }): LossTerms;
  /** Places of words in `answers`, [words], int32: the labels of a batch. */
  answerIndices(words: readonly string[]): Tensor1D;
  /** The most probable answers to question i about picture i. */
  answerItems(
    images: readonly unknown[],
    questions: readonly unknown[],
    options?: { batchSize?: number; count?: number },
  ): Promise<Answer[][]>;
  namedVariables(): NamedVariables;
  /** Frees the weights and the encoders. */
  dispose(): void;
}

/**
 * Visual question answering as a choice among frequent answers: a question and a picture are joined, by default in layers
 * where the words look at the regions of the picture, and classified.
 *
 * @throws CrossmodalError when answers repeat or are fewer than two, or an option does not fit
 * @see Antol et al.: VQA (2015), section 5.1; Yang et al.: Stacked attention networks (2016)
 * @example
 * const model = questionAnswering({ image, question, answers: ['yes', 'no', 'red'], seed: 1 });
 * const [answers] = await model.answerItems(['street.jpg'], ['is there a car?'], { count: 3 });
 */
export function questionAnswering(options: QuestionAnsweringOptions): QuestionAnswering {
  assertKnownOptions('questionAnswering', options, {
    image: true,
    question: true,
    answers: true,
    strategy: true,
    hidden: true,
    dropout: true,
    labelSmoothing: true,
    seed: true,
  } satisfies Record<keyof QuestionAnsweringOptions, true>);
  const { image, question, answers, strategy = crossAttention({ readers: ['question'] }), ...rest } = options;
  const places = new Map(answers.map((answer, i) => [answer, i]));
  if (answers.length < 2 || places.size !== answers.length) {
    throw new CrossmodalError(
      `questionAnswering: answers must be two or more different words, got ${answers.length} of which ${places.size} differ`,
    );
  }
  const classifier = fusionClassifier({ encoders: { image, question }, classes: answers.length, strategy, ...rest });
  const requireBoth = (batch: Partial<QuestionBatch>) => {
    const missing = (['image', 'question'] as const).filter((name) => !batch[name]);
    if (missing.length > 0) {
      throw new CrossmodalError(`questionAnswering: a batch needs image and question, got no ${missing.join(', no ')}`);
    }
  };
  return {
    answers: [...answers],
    logits(batch, given) {
      requireBoth(batch);
      return classifier.logits({ image: batch.image, question: batch.question }, given);
    },
    loss(batch, given) {
      requireBoth(batch);
      return classifier.loss({ image: batch.image, question: batch.question, labels: batch.answers }, given);
    },
    answerIndices(words) {
      const indices = words.map((word) => {
        const place = places.get(word);
        if (place === undefined) {
          const shown = answers.slice(0, 20).join(', ');
          throw new CrossmodalError(
            `answerIndices: '${word}' is none of the ${answers.length} answers (${shown}${answers.length > 20 ? ', ...' : ''})`,
            { remedy: 'leave such questions out of training, or build the model with this answer' },
          );
        }
        return place;
      });
      return tf.tensor1d(indices, 'int32');
    },
    async answerItems(images, questions, { count = 1, ...given } = {}) {
      requireInteger('answerItems: count', count);
      const probabilities = await classifier.classifyItems({ image: images, question: questions }, given);
      try {
        const rows = (await probabilities.array()) as number[][];
        return rows.map((row) =>
          row
            .map((probability, i) => ({ answer: answers[i] as string, probability }))
            .sort((a, b) => b.probability - a.probability)
            .slice(0, count),
        );
      } finally {
        probabilities.dispose();
      }
    },
    namedVariables: () => classifier.namedVariables(),
    files: (settings) =>
      savedModelFiles(
        { type: 'questionAnswering', options: { image, question, answers, strategy, ...rest } },
        classifier.namedVariables(),
        settings,
      ),
    dispose: () => classifier.dispose(),
  };
}
