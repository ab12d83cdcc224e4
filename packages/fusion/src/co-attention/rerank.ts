import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { PlaceTable } from './place-table.js';
import type { Places } from './stacked-cross-attention.js';

/**
 * Sorts what a fast search found by an exact, slow score; what was not among the candidates stays out.
 *
 * @param candidates for each query the places of its candidates in `gallery`, best first (a dual encoder's first 50, say)
 * @param queries places of the queries' words (or regions), one item per query
 * @param gallery places of the items that were searched
 * @param score [1 query, candidates] of one query's places and its candidates': `(text, image) => tf.transpose(model.scores(image, text))`
 * @returns the candidates of each query in their new order; equal scores keep the old one
 * @throws CrossmodalError when there are not as many queries as lists, or a candidate is not in the gallery
 * @example
 * const order = await rerank(first50, await model.encodeItems('text', captions), await model.encodeItems('image', files),
 *   (text, image) => tf.transpose(model.scores(image, text)));
 */
export async function rerank(
  candidates: readonly (readonly number[])[],
  queries: PlaceTable,
  gallery: PlaceTable,
  score: (query: Places, candidates: Places) => Tensor2D,
): Promise<number[][]> {
  const [count] = queries.sequence.shape;
  if (candidates.length !== count) {
    throw new CrossmodalError(
      `rerank: there must be one list of candidates per query, got ${candidates.length} and ${count}`,
    );
  }
  const items = gallery.sequence.shape[0];
  const sorted: number[][] = [];
  for (const [query, list] of candidates.entries()) {
    const foreign = list.find((place) => !Number.isSafeInteger(place) || place < 0 || place >= items);
    if (foreign !== undefined) {
      throw new CrossmodalError(
        `rerank: candidates must be places in a gallery of ${items}, got ${foreign} for query ${query}`,
      );
    }
    if (list.length === 0) {
      sorted.push([]);
      continue;
    }
    const scores = tf.tidy(() => {
      const rows = tf.tensor1d([...list], 'int32');
      const own = { sequence: tf.slice(queries.sequence, query, 1), mask: tf.slice(queries.mask, query, 1) };
      return score(own, { sequence: tf.gather(gallery.sequence, rows), mask: tf.gather(gallery.mask, rows) });
    });
    const values = await scores.data();
    scores.dispose();
    if (values.length !== list.length) {
      throw new CrossmodalError(
        `rerank: score must give one value per candidate, got ${values.length} for ${list.length}`,
      );
    }
    const places = list.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
    sorted.push(places.map((i) => list[i]!));
  }
  return sorted;
}
