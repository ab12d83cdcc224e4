import type { Graph } from '../ir/graph.js';
import { broadcast } from './broadcast.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { factor } from './factor.js';
import { foldConstants } from './fold-constants.js';
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

export interface PassOptions extends LowerOptions {
  /** Whether the memory orders of tensors may be chosen. */
  orders?: boolean;
  /** Whether large reductions are cut in stages, by the sizes of the graph; false where sizes are open. */
  staged?: boolean;
}

/** One step from a recorded graph to one that runs. */
export interface Pass {
  readonly name: string;
  /** False where it changes roundings, or what happens at denormal, infinite and undefined numbers. */
  readonly exact: boolean;
  /** It belongs to the choice of memory orders. */
  readonly orders?: true;
  /** It cuts by sizes. */
  readonly staged?: true;
  /** It needs weights that are constants of the graph. */
  readonly folds?: true;
  /** Without it the graph cannot be emitted. */
  readonly required?: true;
  /** What it does, and why it stands where it does: the table in docs/how-the-backend-works.md. */
  readonly does: string;
  readonly place: string;
  run(graph: Graph, options: PassOptions): Graph;
}

const equals = (after: string, more: Partial<Pass> = {}): Pass => ({
  name: `commonSubexpressions after ${after}`,
  exact: true,
  does: 'computes equal things once',
  place: `${after} makes equal nodes`,
  run: commonSubexpressions,
  ...more,
});

/** The passes that see composites. */
const composites: readonly Pass[] = [
  {
    name: 'commonSubexpressions',
    exact: true,
    does: 'computes equal things once',
    place: 'repeated after every pass that can create equal nodes; the others find partners by identity',
    run: commonSubexpressions,
  },
  {
    name: 'broadcast',
    exact: true,
    does: 'reads expanded operands small; drops `x * 1`, `x + 0`',
    place: 'gradients in tfjs multiply by tensors of ones, which hide the patterns of all later passes',
    run: broadcast,
  },
  {
    name: 'foldConstants',
    exact: false,
    folds: true,
    does: 'puts scales and shifts per channel, such as batch normalisation at inference, into the constant weights before them',
    place: 'only where weights are constants; products are still composites',
    run: foldConstants,
  },
  {
    name: 'stepGradient',
    exact: false,
    does: 'finds the gradients of relu and leaky relu; masks with the activation\u2019s result, so that its argument need not be kept',
    place: 'composites must still be there',
    run: stepGradient,
  },
  {
    name: 'poolBeforeRelu',
    exact: false,
    does: 'max-pools before relu, so that relu and its gradient see fewer elements',
    place: 'needs `stepGradient`, and pooling as a composite',
    run: poolBeforeRelu,
  },
  equals('poolBeforeRelu', { exact: false }),
];

const lowering: Pass = {
  name: 'lower',
  exact: true,
  required: true,
  does: 'writes each composite in the first formulation that applies and pays',
  place: 'shapes are known, nothing else is needed',
  run: lower,
};

/** The passes that see operators of ONNX. */
const operators: readonly Pass[] = [
  {
    name: 'broadcast after lower',
    exact: true,
    does: 'as `broadcast`',
    place: 'formulations expand and scale as well',
    run: broadcast,
  },
  equals('lower', { place: 'formulations of one convolution and its gradients share what they compute' }),
  {
    name: 'squeeze before zeroSums',
    exact: false,
    does: 'leaves axes of length one out',
    place: '`zeroSums` and `factor` see the same axes everywhere',
    run: squeeze,
  },
  {
    name: 'zeroSums',
    exact: false,
    does: 'leaves out sums of deviations from a mean',
    place: 'gradients of normalisations have them',
    run: zeroSums,
  },
  {
    name: 'broadcast after zeroSums',
    exact: false,
    does: 'as `broadcast`',
    place: 'zeros were written into sums',
    run: broadcast,
  },
  equals('zeroSums', { exact: false }),
  {
    name: 'factor',
    exact: false,
    does: 'multiplies small factors with each other before anything large; takes them out of sums',
    place: 'before memory orders: fewer large operations to place',
    run: factor,
  },
  {
    name: 'mergeProducts',
    exact: false,
    does: 'makes one large matrix product of many small ones with the same weights (recurrent networks)',
    place: 'gradients of weights appear as sums of products only after lowering',
    run: mergeProducts,
  },
  {
    name: 'shareProducts',
    exact: false,
    does: 'multiplies the factors of elementwise products in the order that has most in common with other products (gates, normalisations)',
    place: 'after `factor`, which decides what is multiplied',
    run: shareProducts,
  },
  equals('shareProducts', { exact: false }),
  {
    name: 'squeeze',
    exact: true,
    orders: true,
    does: 'leaves axes of length one out',
    place: 'so that 1-D and 2-D parts have the same axes for `layout`',
    run: squeeze,
  },
  equals('squeeze', { orders: true }),
  {
    name: 'layout',
    exact: true,
    orders: true,
    does: 'chooses the memory order of each island of elementwise operations; transposes at its shores disappear or are merged',
    place: 'after everything that removes operations',
    run: layout,
  },
  {
    name: 'settle',
    exact: true,
    required: true,
    does: 'writes flexible operations in ONNX operators',
    place: 'their order is known now',
    run: settle,
  },
  equals('settle'),
  {
    name: 'fuseBias',
    exact: true,
    does: 'puts bias sums into products (unless `exact`, also from behind another sum); brings relu next to its convolution, where ONNX Runtime fuses it',
    place: 'transposes no longer stand between',
    run: fuseBias,
  },
  {
    name: 'stagedReductions',
    exact: true,
    does: 'reduces many rows in two stages',
    place: 'the axes are final',
    staged: true,
    run: stagedReductions,
  },
  {
    name: 'mergeAxes',
    exact: true,
    does: 'writes transposes with as few axes as possible',
    place: 'nothing moves axes any more',
    run: mergeAxes,
  },
];

/** Not in exports, where the choice of the two would depend on the batch. */
const reversing: Pass = {
  name: 'reverseAxes',
  exact: true,
  does: 'writes three axes in reverse as two transposes, which ONNX Runtime has fast code for',
  place: 'needs `mergeAxes`; not in exports, where the choice of the two would depend on the batch',
  run: reverseAxes,
};

/** All passes in their order. */
export const passes: readonly Pass[] = [...composites, lowering, ...operators, reversing];

/** The passes up to the one of this name, and what a graph needs to run after it. @throws when there is none. */
export function passesUntil(name: string): readonly Pass[] {
  const last = passes.findIndex((pass) => pass.name === name);
  if (last < 0)
    throw new Error(
      `tfjs-backend-onnx: there is no pass '${name}'; the passes are ${passes.map((pass) => pass.name).join(', ')}`,
    );
  return passes.filter(({ required }, i) => i <= last || required === true);
}

/** What a pass did. */
export interface PassReport {
  name: string;
  graph: Graph;
  milliseconds: number;
}

/** Runs those passes of a list that the options allow, in order. */
export function runPasses(
  list: readonly Pass[],
  graph: Graph,
  options: PassOptions,
  report?: (pass: PassReport) => void,
): Graph {
  const { exact, orders = true, staged = true, folds = false } = options;
  let current = graph;
  for (const pass of list) {
    if ((exact && !pass.exact) || (!orders && pass.orders) || (!staged && pass.staged) || (!folds && pass.folds))
      continue;
    const start = performance.now();
    current = pass.run(current, options);
    report?.({ name: pass.name, graph: current, milliseconds: performance.now() - start });
  }
  return current;
}

/** Name of a pass after which the others are left out, to find out which one breaks or slows a program. */
const UNTIL = 'TFJS_ONNX_UNTIL';

/** All passes. @throws when the environment names a last pass that does not exist. */
export function optimise(graph: Graph, options: LowerOptions): Graph {
  const last = process.env[UNTIL];
  return runPasses(last === undefined || last === '' ? passes : passesUntil(last), graph, options);
}

/** The passes that see composites. `exact` leaves out those that are not exact for denormal numbers. */
export function beforeLowering(graph: Graph, { exact }: { exact: boolean }): Graph {
  return runPasses(composites, graph, { exact });
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
  return runPasses(operators, graph, { orders, exact, staged });
}
