import { describe, expect, it } from 'vitest';
import type { InputSource, Value } from '../../src/ir/graph.js';
import {
  add,
  constant,
  div,
  matMul,
  mul,
  reduce,
  reshape,
  scalar,
  split as splitValue,
  sub,
  transpose,
  unary,
} from '../../src/ir/ops.js';
import { splitUpdates } from '../../src/update/split.js';
import { random } from '../evaluate.js';

const decay = scalar(0.9);

/** Adam's three new states. */
function adam(w: Value, m: Value, v: Value, g: Value, rate: Value = scalar(0.1)): [Value, Value, Value] {
  const first = add(mul(m, decay), mul(g, scalar(0.1)));
  const second = add(mul(v, decay), mul(mul(g, g), scalar(0.1)));
  return [sub(w, mul(div(first, add(unary('Sqrt', second), scalar(1e-8))), rate)), first, second];
}

/** The states are the given inputs. */
const split = (outputs: Value[], states: Value[]) =>
  splitUpdates(
    { outputs },
    {
      from: outputs.length - states.length,
      stateOf: (source: InputSource) => {
        const index = states.findIndex(({ node }) => node.source === source);
        return index < 0 ? undefined : index;
      },
    },
  );

describe('splitting updates from a graph', () => {
  const [x, w, m, v] = [random([4, 6], 1), random([6, 3], 2), random([6, 3], 3), random([6, 3], 4)] as const;
  const loss = reduce('ReduceSum', matMul(x, w), [0, 1], false);
  const gradient = matMul(x, random([4, 3], 5), true);

  it('takes an optimiser out: the graph ends with the gradient', () => {
    const { graph, updates, left, handed } = split([loss, ...adam(w, m, v, gradient)], [w, m, v]);
    expect(left).toEqual([]);
    expect(handed).toEqual([gradient]);
    expect(graph.outputs).toEqual([loss, gradient]);
    expect(updates).toHaveLength(1);
    const { size, vectors, scalars, steps, results } = updates[0]!;
    expect(size).toBe(18);
    expect(new Set(vectors)).toEqual(new Set([w, m, v, gradient]));
    expect(scalars).toHaveLength(5); // 0.9 twice, as one
    expect(steps).toHaveLength(12);
    expect(results.map(({ state }) => state)).toEqual([0, 1, 2]);
  });

  it('hands over scalars that the graph computes, and looks through reshapes', () => {
    const rate = reshape(reduce('ReduceMax', gradient, [0, 1], true), []);
    const flat = adam(reshape(w, [18]), reshape(m, [18]), reshape(v, [18]), reshape(gradient, [18]), rate);
    const states = flat.map((value) => reshape(value, [6, 3]));
    const { updates, handed } = split([loss, ...states], [w, m, v]);
    expect(updates).toHaveLength(1);
    expect(updates[0]!.steps.map(({ op }) => op)).not.toContain('Reshape');
    expect(handed).toEqual([gradient, rate.node.inputs[0]]);
  });

  it('leaves a state that is read elsewhere, and what it is computed from', () => {
    const [next, first, second] = adam(w, m, v, gradient);
    const norm = reduce('ReduceSum', next, [0, 1], false);
    expect(split([norm, next, first, second], [w, m, v]).updates).toEqual([]);
    expect(split([next, next, first, second], [w, m, v]).updates).toEqual([]);
  });

  it('leaves short updates, vectors that are broadcast, constants and what is no optimiser', () => {
    expect(split([loss, sub(w, mul(gradient, scalar(0.1)))], [w]).updates).toEqual([]);
    const rows = adam(w, m, v, random([1, 3], 6));
    expect(split([loss, ...rows], [w, m, v]).left).toEqual([1, 2]);
    const fixed = constant(
      Array.from({ length: 18 }, (_, i) => i),
      [6, 3],
      'float32',
    );
    const shifted = sub(mul(mul(mul(mul(w, decay), decay), decay), decay), fixed);
    expect(split([loss, shifted], [w]).updates).toEqual([]);
    const turned = adam(w, m, v, gradient).map((value) => transpose(transpose(value, [1, 0]), [1, 0]));
    expect(split([loss, ...turned], [w, m, v]).updates).toHaveLength(1);
    const other = adam(w, m, v, gradient).map((value) => unary('Exp', value));
    expect(split([loss, ...other], [w, m, v]).left).toEqual([0, 1, 2]);
  });

  it('keeps readers of an old state in one update with its writer', () => {
    // A running average of the weights before the step: read and written in one pass, or it would see the new ones.
    const average = random([6, 3], 7);
    const mean = add(mul(average, decay), mul(mul(w, scalar(0.2)), scalar(0.5)));
    const { updates } = split([loss, ...adam(w, m, v, gradient), mean], [w, m, v, average]);
    expect(updates).toHaveLength(1);
    expect(updates[0]!.results.map(({ state }) => state)).toEqual([0, 1, 2, 3]);
  });

  it('passes over nodes whose first result nobody reads', () => {
    const [, second] = splitValue(gradient, [2, 4], 0);
    const { updates } = split([reduce('ReduceSum', second!, [0, 1], false), ...adam(w, m, v, gradient)], [w, m, v]);
    expect(updates).toHaveLength(1);
  });

  it('separates variables that have nothing to do with each other', () => {
    const states = [random([5], 8), random([5], 9), random([5], 10)] as const;
    const g = reduce('ReduceSum', random([4, 5], 11), [0], false);
    const { updates } = split([loss, ...adam(w, m, v, gradient), ...adam(...states, g)], [w, m, v, ...states]);
    expect(updates.map(({ size }) => size).sort((a, b) => a - b)).toEqual([5, 18]);
  });
});
