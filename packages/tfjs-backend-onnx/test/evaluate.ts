import { emit } from '../src/emit/emit.js';
import {
  type ElementType,
  type Graph,
  inputValue,
  type Numbers,
  sizeOf,
  topological,
  type Value,
} from '../src/ir/graph.js';
import { numbersOf } from '../src/ir/ops.js';
import { HostSource } from '../src/memory/host-source.js';
import { settle } from '../src/passes/settle.js';
import { ortTensor, resultTensor, Session } from '../src/run/session.js';
import { wave } from './kernels/against-cpu.js';

/** A graph input with numbers. */
export function given(
  shape: readonly number[],
  values: ArrayLike<number> = wave(shape).values,
  type: ElementType = 'float32',
): Value {
  return inputValue(new HostSource(numbersOf(Array.from(values), type)), shape, type);
}

/** A graph input with numbers of its own. */
export const random = (shape: readonly number[], seed: number): Value => given(shape, wave(shape, { seed }).values);

/** The numbers of a lowered graph's outputs, computed as it is: operations of any memory order are written in tfjs's. */
export function evaluate(graph: Graph): Numbers[] {
  const model = emit(settle(graph));
  const session = new Session(model, { threads: 1, memory: 'returned' });
  try {
    const feeds = Object.fromEntries(
      model.inputs.map(({ name, source, shape, type }) => [
        name,
        ortTensor((source as HostSource).numbers, shape, type),
      ]),
    );
    const results = Object.fromEntries(model.outputs.map((name, i) => [name, resultTensor(graph.outputs[i]!)]));
    session.run(feeds, results);
    return model.outputs.map((name) => results[name]!.data as Numbers);
  } finally {
    session.dispose();
  }
}

/** How often each operator occurs. */
export function operators(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of topological(graph.outputs)) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}

/** The largest magnitude, at least one: what tolerances refer to. */
export function magnitude(values: ArrayLike<number>): number {
  let largest = 1;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

export { sizeOf };
