import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Similarity } from './similarity.js';

/** Rows of equal length, one after the other. */
export interface Rows {
  values: Float32Array | Float64Array;
  count: number;
  dimension: number;
}

/** What a query's scores against a block of items are on the device, and how far from the exact ones they may be. */
export interface ApproximateScores {
  /** [queries, items], row-major. */
  values: Float32Array;
  /** One bound per query: |approximate - exact| <= bound. */
  bounds: Float64Array;
}

/**
 * Scores of queries and items in double precision: cosine, inner product, or minus the squared Euclidean distance from differences. A
 * score depends on nothing but the two rows, so answers do not change with the size of a batch. A zero row has cosine 0.
 */
export class ExactScores {
  readonly #queries: Rows;
  readonly #items: Rows;
  readonly #similarity: Similarity;
  readonly #squaredLengths: { queries: Float64Array; items: Float64Array } | undefined;

  constructor(queries: Rows, items: Rows, similarity: Similarity) {
    this.#queries = queries;
    this.#items = items;
    this.#similarity = similarity;
    if (similarity === 'cosine')
      this.#squaredLengths = { queries: squaredLengths(queries), items: squaredLengths(items) };
  }

  score(query: number, item: number): number {
    const { dimension } = this.#queries;
    const [a, b] = [this.#queries.values, this.#items.values];
    const [p, q] = [query * dimension, item * dimension];
    if (this.#similarity === 'euclidean') {
      let squares = 0;
      for (let d = 0; d < dimension; d++) {
        const difference = (a[p + d] as number) - (b[q + d] as number);
        squares += difference * difference;
      }
      return -squares;
    }
    let product = 0;
    for (let d = 0; d < dimension; d++) product += (a[p + d] as number) * (b[q + d] as number);
    if (!this.#squaredLengths) return product;
    const { queries, items } = this.#squaredLengths;
    const lengths = (queries[query] as number) * (items[item] as number);
    if (lengths === 0) return 0;
    // The square of the cosine first: rows that are multiples of each other then tie, where separate roots would differ in the last digit.
    return Math.sign(product) * Math.sqrt(Math.min(1, (product * product) / lengths));
  }
}

function squaredLengths(rows: Rows): Float64Array {
  return Float64Array.from({ length: rows.count }, (_, i) =>
    squaredLength(rows.values, i * rows.dimension, rows.dimension),
  );
}

function squaredLength(values: Rows['values'], start: number, dimension: number): number {
  let sum = 0;
  for (let d = start; d < start + dimension; d++) sum += (values[d] as number) * (values[d] as number);
  return sum;
}

/** Rounding of one float32 operation. */
const ROUNDING = 2 ** -24;

/**
 * Scores of all queries and items by matrix products on the device, with bounds of their error. Rows go to the device as the similarity
 * needs them: of length 1 (cosine), or with the mean of the items taken off (Euclidean), which leaves distances as they are and
 * keeps coordinates of any origin small.
 */
export class DeviceScores {
  readonly #queries: Rows;
  readonly #items: Rows;
  readonly #similarity: Similarity;
  readonly #centre: Float64Array;

  constructor(queries: Rows, items: Rows, similarity: Similarity) {
    this.#queries = queries;
    this.#items = items;
    this.#similarity = similarity;
    this.#centre = new Float64Array(items.dimension);
    if (similarity === 'euclidean') addMeans(this.#centre, items);
  }

  /** Scores of a block of queries against a block of items. */
  async block(firstQuery: number, queries: number, firstItem: number, items: number): Promise<ApproximateScores> {
    const q = this.#prepare(this.#queries, firstQuery, queries);
    const v = this.#prepare(this.#items, firstItem, items);
    const scores = tf.tidy(() => {
      const rows = tf.tensor2d(q.values as Float32Array, [queries, q.dimension]);
      const columns = tf.tensor2d(v.values as Float32Array, [items, v.dimension]);
      const products = tf.matMul<Tensor2D>(rows, columns, false, true);
      if (this.#similarity !== 'euclidean') return products;
      const lengths = tf.add(tf.sum(tf.square(rows), 1, true), tf.reshape(tf.sum(tf.square(columns), 1), [1, -1]));
      return tf.sub(tf.mul(products, 2), lengths) as Tensor2D;
    });
    try {
      return { values: (await scores.data()) as Float32Array, bounds: this.#bounds(q, v) };
    } finally {
      scores.dispose();
    }
  }

  #prepare(rows: Rows, first: number, count: number): Rows {
    const { dimension } = rows;
    const source = rows.values.subarray(first * dimension, (first + count) * dimension);
    const values = new Float32Array(source.length);
    for (let start = 0; start < values.length; start += dimension) {
      const length = this.#similarity === 'cosine' ? Math.sqrt(squaredLength(source, start, dimension)) || 1 : 1;
      for (let d = 0; d < dimension; d++) {
        values[start + d] = ((source[start + d] as number) - (this.#centre[d] as number)) / length;
      }
    }
    return { values, count, dimension };
  }

  /** Rounding grows as the root of the number of terms, and with the lengths of the two rows. */
  #bounds(queries: Rows, items: Rows): Float64Array {
    const unit = (8 + 4 * Math.sqrt(queries.dimension)) * ROUNDING;
    let longest = 0;
    for (let j = 0; j < items.count; j++) longest = Math.max(longest, lengthOf(items, j));
    return Float64Array.from({ length: queries.count }, (_, i) => {
      const length = lengthOf(queries, i);
      return unit * (this.#similarity === 'euclidean' ? (length + longest) ** 2 : length * longest);
    });
  }
}

function lengthOf({ values, dimension }: Rows, row: number): number {
  return Math.sqrt(squaredLength(values, row * dimension, dimension));
}

function addMeans(means: Float64Array, { values, count, dimension }: Rows): void {
  for (let i = 0; i < values.length; i++)
    means[i % dimension] = (means[i % dimension] as number) + (values[i] as number);
  for (let d = 0; d < dimension; d++) means[d] = (means[d] as number) / Math.max(count, 1);
}
