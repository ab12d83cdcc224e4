import { describe, it } from 'vitest';
import { optimise } from '../../src/passes/optimise.js';
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
