import type { Graph } from '../ir/graph.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { lower } from './lower.js';

export interface PassOptions {
  exact: boolean;
}

/** All passes in their order. */
export function optimise(graph: Graph, { exact }: PassOptions): Graph {
  let current = commonSubexpressions(graph);
  current = lower(current, { exact });
  return commonSubexpressions(current);
}
