import { withoutGradient } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireMatrix, requireThat } from '../internal/validate.js';
import { type Pairs, requirePairs } from '../pairs/pairs.js';

/**
 * Chooses among the pairs by their distances, and returns masks of the same shape: no indices, so that the shapes of a
 * compiled step do not depend on the data. `mining` options take one:
 *
 * `tripletLoss(a, b, { mining: (distances, pairs) => hardNegatives(distances, pairs, { count: 5 }) })`
 */
export type PairMiner = (distances: Tensor2D, pairs: Pairs) => Pairs;

/** Runs a miner, unrecorded; without one, the pairs as they are. */
export function minePairs(where: string, distances: Tensor2D, pairs: Pairs, mining: PairMiner | undefined): Pairs {
  requireMiner(where, mining);
  if (!mining) return pairs;
  const both = withoutGradient(() => {
    const { positive, negative } = mining(distances, pairs);
    return tf.stack([positive, negative]);
  });
  const [positive, negative] = tf.unstack(both) as [Tensor2D, Tensor2D];
  return { positive, negative };
}

/** Refuses names: a miner is a function. */
export function requireMiner(where: string, mining: PairMiner | undefined): void {
  requireThat(
    mining === undefined || typeof mining === 'function',
    where,
    () =>
      `mining must be a function such as hardestPairs, semiHardPairs, hardNegatives or multiSimilarityPairs of this package, got ${describe(mining)}; write mining: hardestPairs, without quotes`,
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : typeof value;
}

export function checkMinerInput(where: string, distances: Tensor2D, pairs: Pairs): void {
  requireMatrix(where, 'distances', distances);
  requirePairs(where, pairs, distances.shape[0], distances.shape[1]);
}
