import type { Value } from '../ir/graph.js';

/** A complex tensor inside the graph: two real ones. */
export interface ComplexValue {
  real: Value;
  imag: Value;
}
