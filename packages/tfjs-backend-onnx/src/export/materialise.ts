import type { Variable } from '@tensorflow/tfjs-core';
import { StateSource } from '../compile/sources.js';
import { constantValue, type Graph, type Numbers, type Value } from '../ir/graph.js';
import { HostSource } from '../memory/host-source.js';
import { rewrite } from '../passes/rewrite.js';

/**
 * Puts numbers into the graph: constants that the function captured, and variables that it only reads. What remains an
 * input changes from run to run.
 *
 * @param isInput which variables remain inputs.
 * @returns the graph, and the names of the constants that were variables.
 */
export function materialise(
  graph: Graph,
  numbersOf: (variable: Variable) => Numbers,
  isInput: (variable: Variable) => boolean,
): { graph: Graph; names: Map<Value, string> } {
  const names = new Map<Value, string>();
  const made = new Map<unknown, Value>();
  const result = rewrite(graph, (node) => {
    const { source } = node;
    if (node.op !== 'Input') return undefined;
    const { shape, type } = node.outputs[0]!;
    const variable = source instanceof StateSource && !isInput(source.variable) ? source.variable : undefined;
    if (variable === undefined && !(source instanceof HostSource)) return undefined;
    const numbers = variable === undefined ? (source as HostSource).numbers : numbersOf(variable);
    const identity = variable ?? source;
    let value = made.get(identity);
    if (value === undefined) {
      value = constantValue(numbers, shape, type, `#number${made.size}`);
      made.set(identity, value);
      if (variable !== undefined) names.set(value, variable.name);
    }
    return [value];
  });
  return { graph: result, names };
}
