import type { Attributes, Node, Value } from '../ir/graph.js';

/** One way to write a composite operation in ONNX operators. */
export interface Formulation {
  /** The composite that it writes. */
  composite: string;
  name: string;
  /** Whether it can be used for this node. */
  applies(node: Node): boolean;
  /** Whether the rule chooses it where it applies; without, always. */
  pays?(node: Node): boolean;
  /** False for forms that save multiplications at the price of rounding; `exact` mode leaves those out. */
  exact: boolean;
  write(inputs: readonly Value[], attrs: Attributes, shape: readonly number[]): Value;
}

/** A list-valued attribute. */
export function numbers(attrs: Attributes, name: string): readonly number[] {
  return attrs[name] as readonly number[];
}

/** [batch, ...space, channels] -> [batch, channels, ...space]. */
export function firstPermutation(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

/** [batch, channels, ...space] -> [batch, ...space, channels]. */
export function lastPermutation(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}
