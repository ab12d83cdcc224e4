import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { requireInteger, requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { firstShape, type LayerOptions, type LayerShape, singleInput } from './inputs.js';
import { lastOf } from './multi-head-attention.js';
import { registerLayer } from './register.js';
import { seededInitializers } from './weights.js';

export interface PositionEmbeddingOptions extends LayerOptions {
  /** The longest sequence. */
  length: number;
  kind?: 'learned' | 'sinusoidal';
  /** For learned positions. */
  seed?: number;
}

/**
 * The sinusoidal table: P[t, 2i] = sin(t / 10000^(2i / dim)), P[t, 2i + 1] = cos of the same.
 *
 * @returns [length, dimension], row-major
 * @see Vaswani et al.: Attention is all you need (2017), section 3.5
 * @example
 * const table = tf.tensor2d(sinusoidalPositions(16, 8), [16, 8]);
 */
export function sinusoidalPositions(length: number, dimension: number): Float32Array {
  const table = new Float32Array(length * dimension);
  for (let t = 0; t < length; t++) {
    for (let j = 0; j < dimension; j++) {
      const angle = t / 10000 ** ((j - (j % 2)) / dimension);
      table[t * dimension + j] = j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}

/** See `positionEmbedding`. */
export class PositionEmbedding extends tfl.layers.Layer {
  static readonly className = 'PositionEmbedding';
  readonly #length: number;
  readonly #kind: 'learned' | 'sinusoidal';
  readonly #seed: number;
  #table: tfl.LayerVariable | undefined;
  #width = 0;

  constructor({ length, kind = 'learned', seed = 0, ...rest }: PositionEmbeddingOptions) {
    super(rest);
    requireInteger('positionEmbedding: length', length);
    requireOneOf('positionEmbedding: kind', kind, ['learned', 'sinusoidal']);
    this.#length = length;
    this.#kind = kind;
    this.#seed = seed;
    this.supportsMasking = true;
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    this.#width = lastOf(firstShape(inputShape));
    if (this.#kind === 'learned') {
      const initializer = seededInitializers(this.#seed).normal('positions', 0.02); // BERT, ViT
      this.#table = this.addWeight('positions', [this.#length, this.#width], 'float32', initializer);
    }
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = singleInput('positionEmbedding', inputs);
    const length = x.shape[1] as number;
    if (length > this.#length) {
      throw new CrossmodalError(
        `positionEmbedding: a sequence of ${length} is longer than the table of ${this.#length}`,
      );
    }
    return tf.tidy(() => {
      if (!this.#table) return tf.add(x, tf.tensor2d(sinusoidalPositions(length, this.#width), [length, this.#width]));
      const table = this.#table.read();
      return tf.add(x, length === this.#length ? table : tf.slice(table, [0, 0], [length, this.#width]));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), length: this.#length, kind: this.#kind, seed: this.#seed };
  }
}

/**
 * Adds to each place of a sequence [batch, length, width] a vector of its position, learned or sinusoidal.
 *
 * @throws CrossmodalError for sequences longer than the table
 * @example
 * const placed = positionEmbedding({ length: 64, seed: 1 }).apply(tokens);
 */
export function positionEmbedding(options: PositionEmbeddingOptions): PositionEmbedding {
  assertKnownOptions('positionEmbedding', options, ['length', 'kind', 'seed', 'name', 'inputShape', 'trainable']);
  registerLayer(PositionEmbedding);
  return new PositionEmbedding(options);
}
