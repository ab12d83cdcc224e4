import type { Graph } from '../ir/graph.js';
import { broadcast } from './broadcast.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { fuseBias } from './fuse-bias.js';
import { layout } from './layout.js';
import { lower } from './lower.js';
import { stepGradient } from './step-gradient.js';

export interface PassOptions {
  exact: boolean;
}

/** All passes in their order. */
export function optimise(graph: Graph, { exact }: PassOptions): Graph {
  let current = commonSubexpressions(graph);
  current = broadcast(current);
  current = stepGradient(current);
  current = lower(current, { exact });
  current = broadcast(current);
  current = commonSubexpressions(current);
  current = layout(current);
  current = commonSubexpressions(current);
  current = fuseBias(current);
  return current;
}
