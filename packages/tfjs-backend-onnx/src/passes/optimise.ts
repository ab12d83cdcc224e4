import type { Graph } from '../ir/graph.js';
import { broadcast } from './broadcast.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { factor } from './factor.js';
import { fuseBias } from './fuse-bias.js';
import { layout } from './layout.js';
import { type LowerOptions, lower } from './lower.js';
import { mergeAxes } from './merge-axes.js';
import { mergeProducts } from './merge-products.js';
import { poolBeforeRelu } from './pool-before-relu.js';
import { reverseAxes } from './reverse-axes.js';
import { settle } from './settle.js';
import { shareProducts } from './share-products.js';
import { squeeze } from './squeeze.js';
import { stagedReductions } from './staged-reductions.js';
import { stepGradient } from './step-gradient.js';
import { zeroSums } from './zero-sums.js';

/** All passes in their order. */
export function optimise(graph: Graph, options: LowerOptions): Graph {
  return reverseAxes(afterLowering(lower(beforeLowering(graph, options), options), options));
}

/** The passes that see composites. `exact` leaves out the one that is not exact for denormal numbers. */
export function beforeLowering(graph: Graph, { exact }: { exact: boolean }): Graph {
  let current = commonSubexpressions(graph);
  current = broadcast(current);
  if (!exact) current = commonSubexpressions(poolBeforeRelu(stepGradient(current)));
  return current;
}

/**
 * The passes that see ONNX operators. `orders: false` leaves the memory order of every tensor as it is, `exact` the
 * order of multiplications and sums, and sums that are zero but for rounding; `staged: false` every reduction, for
 * graphs whose sizes are open.
 */
export function afterLowering(
  graph: Graph,
  { orders = true, exact = true, staged = true }: { orders?: boolean; exact?: boolean; staged?: boolean } = {},
): Graph {
  let current = broadcast(graph);
  current = commonSubexpressions(current);
  if (!exact) {
    current = commonSubexpressions(broadcast(zeroSums(squeeze(current))));
    current = shareProducts(mergeProducts(factor(current)));
    current = commonSubexpressions(current);
  }
  if (orders) {
    current = layout(commonSubexpressions(squeeze(current)));
  }
  current = commonSubexpressions(settle(current));
  current = fuseBias(current, { exact });
  if (staged) current = stagedReductions(current);
  return mergeAxes(current);
}
