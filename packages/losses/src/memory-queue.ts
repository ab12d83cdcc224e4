import { assertKnownOptions, requireInteger, stopGradient } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireIdentifiers } from './internal/check-labels.js';
import { drawNormal } from './internal/draw.js';
import { requireMatrix, requireThat, shapeOf } from './internal/validate.js';

export interface MemoryQueueOptions {
  /** How many embeddings the queue holds. */
  size: number;
  /** Their width. */
  dimension: number;
  /**
   * Seed of the random unit vectors that fill the queue at first (as in MoCo).
   * @default 0
   */
  seed?: number;
}

/**
 * A first-in, first-out queue of embeddings of earlier batches, as further negatives (MoCo, cross-batch memory).
 *
 * Rows are normalised, carry no gradient, and the newest stand first. Labels may travel with them, -1 until they are known. The
 * state is two tf.Variables, so that the queue works in a compiled step and can be saved with the model.
 *
 * @throws CrossmodalError when a size is not a positive integer
 * @see He et al., 2020, Momentum Contrast for Unsupervised Visual Representation Learning, algorithm 1
 * @see Wang et al., 2020, Cross-Batch Memory for Embedding Learning, algorithm 1
 * @example
 * const queue = new MemoryQueue({ size: 4096, dimension: images.shape[1] });
 * const loss = infoNce(images, texts, { negatives: queue.embeddings, symmetric: false });
 * queue.enqueue(texts);
 * queue.dispose();
 */
export class MemoryQueue {
  readonly #embeddings: Variable;
  readonly #labels: Variable;

  constructor({ size, dimension, seed = 0, ...others }: MemoryQueueOptions) {
    assertKnownOptions('MemoryQueue', others, ['size', 'dimension', 'seed']);

    requireInteger('MemoryQueue: size', size);
    requireInteger('MemoryQueue: dimension', dimension);
    this.#embeddings = tf.tidy(() => tf.variable(l2Normalize(drawNormal([size, dimension], { seed })), false));
    this.#labels = tf.tidy(() => tf.variable(tf.fill([size], -1, 'int32') as Tensor, false));
  }

  /** [size, dimension]; belongs to the queue: do not dispose. */
  get embeddings(): Tensor2D {
    return this.#embeddings as unknown as Tensor2D;
  }

  /** [size], int32, -1 where unknown; belongs to the queue: do not dispose. */
  get labels(): Tensor1D {
    return this.#labels as unknown as Tensor1D;
  }

  /** The state, for saving. */
  get variables(): Variable[] {
    return [this.#embeddings, this.#labels];
  }

  /**
   * Puts a batch in front and drops the oldest rows. Of a batch longer than the queue the first rows stay.
   *
   * @param rows [batch, dimension], float32
   * @param labels [batch], whole numbers, int32 or float32
   * @throws CrossmodalError when the widths or numbers of rows differ
   */
  enqueue(rows: Tensor2D, labels?: Tensor1D): void {
    requireMatrix('MemoryQueue.enqueue', 'rows', rows);
    const [size, dimension] = this.embeddings.shape;
    const batch = rows.shape[0];
    requireThat(
      rows.shape[1] === dimension,
      'MemoryQueue.enqueue',
      () => `rows must have ${dimension} columns, got ${shapeOf(rows)}`,
    );
    requireThat(
      !labels || (labels.rank === 1 && labels.size === batch),
      'MemoryQueue.enqueue',
      () => `labels must have one entry per row, [${batch}], got ${shapeOf(labels as Tensor)}`,
    );
    if (labels) requireIdentifiers('MemoryQueue.enqueue', 'labels', labels);
    tf.tidy(() => {
      const newest = Math.min(batch, size);
      const push = (fresh: Tensor, queue: Tensor) => {
        const head = tf.slice(fresh, [0], [newest]);
        return newest === size ? head : tf.concat([head, tf.slice(queue, [0], [size - newest])], 0);
      };
      this.#embeddings.assign(push(stopGradient(l2Normalize(rows)), this.#embeddings));
      this.#labels.assign(push(labels ? tf.cast(labels, 'int32') : tf.fill([batch], -1, 'int32'), this.#labels));
    });
  }

  /** Frees the queue's memory; afterwards it cannot be used. */
  dispose(): void {
    this.#embeddings.dispose();
    this.#labels.dispose();
  }
}
