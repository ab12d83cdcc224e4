import { describe, expect, it } from 'vitest';
import { optimise, passes, passesUntil, runPasses } from '../../src/passes/optimise.js';
import { allCases } from '../formulations/cases.js';
import { unchanged } from './passes.js';

/** Every composite of the table of shapes, through all passes, in both modes. */
describe('all passes together', () => {
  const every = allCases().filter(({ value }, i) => i % 4 === 0 && value.node.op !== 'StepGradient');
  it.each(every)('$name', ({ value }) => {
    unchanged((graph) => optimise(graph, { exact: true }), { outputs: [value] }, 1e-5);
    unchanged((graph) => optimise(graph, { exact: false }), { outputs: [value] }, 2e-5);
  });
});

describe('the passes up to one of them', () => {
  it.each(passes.map(({ name }) => name))('%s: the graph runs, with the same numbers', (name) => {
    for (const { value } of allCases().filter((_, i) => i % 40 === 0))
      unchanged((graph) => runPasses(passesUntil(name), graph, { exact: false }), { outputs: [value] }, 2e-5);
  });

  it('have names that differ', () => {
    expect(new Set(passes.map(({ name }) => name)).size).toBe(passes.length);
    expect(() => passesUntil('layuot')).toThrow(/there is no pass 'layuot'; the passes are commonSubexpressions, /);
  });

  it('are reported in order, without those that the options leave out', () => {
    const { value } = allCases()[0]!;
    const names: string[] = [];
    runPasses(passes, { outputs: [value] }, { exact: true, orders: false }, ({ name }) => names.push(name));
    expect(names).toEqual(passes.filter(({ exact, orders }) => exact && !orders).map(({ name }) => name));
  });
});
